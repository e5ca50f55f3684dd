"""Plain requests: those of which there is only one way to read them.

Gunicorn's parser spends most of its time on what hardly any client sends. Here a request is taken apart only
if it is a GET or a POST with nothing unusual in its head. All else is left to Gunicorn, which reads it,
and answers or refuses it.
"""

import re
from io import BytesIO
from time import time
from typing import TYPE_CHECKING

from gunicorn import SERVER  # type: ignore[import-untyped]
from gunicorn.util import http_date, unquote_to_wsgi_str  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_HEAD = re.compile(rb"(GET|POST) (/[!\"$-~]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+: ?[!-~][ -~]*\r\n){1,100})\r\n")
_LARGEST_HEAD = 4094
"""Bytes; below all of Gunicorn's limits of a line and of a field."""

_CONNECTION = frozenset(("keep-alive", "close"))
_UNUSUAL = frozenset(("HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE", "HTTP_TRAILER"))


def plain_environ(request: bytes) -> "WSGIEnvironment | None":
    """Return what WSGI calls the environment of a plain request, as Gunicorn would.

    Args:
        request: A request, from its first to its last byte.

    Returns:
        What the request says; its connection is not in there. None if the request is not plain.
    """
    head = _HEAD.match(request, 0, _LARGEST_HEAD)
    if head is None:
        return None
    method, target, lines = head.group(1, 2, 3)
    uri = target.decode("ascii")
    path, _, query = uri.partition("?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method.decode("ascii"),
        "RAW_URI": uri,
        "PATH_INFO": unquote_to_wsgi_str(path),
        "QUERY_STRING": query,
        "wsgi.input": BytesIO(request[head.end() :]),
    }
    for line in lines[:-2].decode("ascii").split("\r\n"):
        name, _, value = line.partition(":")
        key = "HTTP_" + name.upper().replace("-", "_")
        if key in environ:
            return None
        environ[key] = value.strip(" ")
    if not _UNUSUAL.isdisjoint(environ) or environ.get("HTTP_CONNECTION", "close").lower() not in _CONNECTION:
        return None
    length = environ.pop("HTTP_CONTENT_LENGTH", "")
    if length:
        environ["CONTENT_LENGTH"] = length
    if (length or "0") != str(len(request) - head.end()):
        return None
    if "HTTP_CONTENT_TYPE" in environ:
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE")
    return environ


class Heads:
    """Writes the heads of responses, the date once per second."""

    def __init__(self) -> None:
        """Start without a date."""
        self._second = 0
        self._common = ""

    def __call__(self, status: str, headers: list[tuple[str, str]], keep: bool) -> bytes:
        """Return the head of a response; werkzeug has made sure that no header has a line break."""
        second = int(time())
        if second != self._second:
            self._second = second
            self._common = f"\r\nServer: {SERVER}\r\nDate: {http_date(second)}\r\nConnection: "
        lines = "".join([f"\r\n{name}: {value}" for name, value in headers])
        head = f"HTTP/1.1 {status}{self._common}{'keep-alive' if keep else 'close'}{lines}\r\n\r\n"
        return head.encode("latin-1")
