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


def request(
    socket_file: Path, path: str, body: object = None, timeout: float = 5
) -> tuple[int, dict[str, object]]:
    """Send a GET, or a POST of a JSON body; return the status and the JSON object of the response or {}.

    Raises:
        OSError: The slot cannot be reached, or does not answer in time.
        http.client.HTTPException: The response is not HTTP.
    """
    with contextlib.closing(UnixConnection(socket_file, timeout)) as connection:
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, json_object(response.read())


def json_object(text: str | bytes) -> dict[str, object]:
    """Decode a JSON object; {} for anything else."""
    try:
        value = json.loads(text)
    except (RecursionError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
