"""HTTP requests to a slot over its Unix socket."""

import contextlib
import http.client
import json
import socket
from pathlib import Path


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        """Store the path of the socket; the first request connects."""
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """See http.client."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def request(path: Path, url: str, body: object = None, timeout: float = 5) -> tuple[int, dict[str, object]]:
    """Send a GET, or a POST of a JSON body; return the status and the JSON object of the response or {}.

    Raises:
        OSError: Nothing listens on the socket.
        http.client.HTTPException: The response is not HTTP.
    """
    with contextlib.closing(UnixConnection(path, timeout)) as connection:
        if body is None:
            connection.request("GET", url)
        else:
            connection.request("POST", url, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json_object(response.read())


def json_object(text: str | bytes) -> dict[str, object]:
    """Decode a JSON object; {} for anything else."""
    try:
        value = json.loads(text)
    except (RecursionError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
