"""Requests to a slot over its Unix socket."""

import http.client
import json
import socket
from pathlib import Path


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        """Name the socket; the first request connects."""
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """See http.client."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def request(path: Path, url: str, body: object = None, timeout: float = 5) -> tuple[int, dict[str, object]]:
    """Send a GET, or a POST of a JSON body.

    Returns:
        Status, and the JSON object of the answer ({} if it is none).

    Raises:
        OSError: Nobody answers.
        http.client.HTTPException: The answer is not HTTP.
    """
    connection = UnixConnection(path, timeout)
    try:
        if body is None:
            connection.request("GET", url)
        else:
            connection.request("POST", url, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        try:
            answer = json.loads(response.read())
        except ValueError:
            answer = {}
        return response.status, answer if isinstance(answer, dict) else {}
    finally:
        connection.close()
