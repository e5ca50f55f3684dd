"""The Flask application as an ASGI application, for Gunicorn's `asgi` worker.

A prediction takes less time than handing it to a thread, so short requests are answered inside the event
loop. Long ones go to a few threads, and the event loop serves other requests in the meantime.
"""

import asyncio
import itertools
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from ml_workshop.serving.bodies import BODY_ERROR, BadRequestError, Limits

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

INLINE_BYTES = 16_384
"""Largest body that is answered inside the event loop: at most a few milliseconds of work."""

EXPLAIN = "/explain"
SLOW_PATHS = frozenset((EXPLAIN, "/metrics"))
"""Paths that are always answered in a thread."""

_DISCARDED_BYTES = 32 * 1_048_576
"""So much of a body that is too large is read and dropped: a client that still sends reads no response."""

_REQUESTS_PER_CLOSE = 100
"""Every so many responses of a worker, one closes its connection. A worker that wakes up first may
accept most of the connections that arrive at once; a client that connects again gets the worker that is idle.
"""

_CONSTANTS = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class WsgiAdapter:
    """Calls a WSGI application with whole request bodies; sends its response as one piece."""

    def __init__(self, application: "WSGIApplication", limits: Limits, threads: int) -> None:
        """Wrap an application.

        Args:
            application: Must be safe to call from several threads.
            limits: Largest request body, in bytes, and the time that it may take to arrive, in seconds.
            threads: Number of threads for long requests.
        """
        self._application = application
        self._limits = limits
        self._numbers = itertools.count(1)
        self._pool = ThreadPoolExecutor(threads, "long-request")
        # One at a time: each thread that computes delays the event loop.
        self._explanations = ThreadPoolExecutor(1, "explanation")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; a WebSocket is closed, which refuses its handshake."""
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close"})
            return
        environ = _environ(scope)
        body = b""
        try:
            body = await _read_body(receive, self._limits)
        except BadRequestError as error:
            environ[BODY_ERROR] = error
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        if len(body) > INLINE_BYTES or scope["path"] in SLOW_PATHS:
            pool = self._explanations if scope["path"] == EXPLAIN else self._pool
            loop = asyncio.get_running_loop()
            status, headers, content = await loop.run_in_executor(pool, self._call, environ)
        else:
            status, headers, content = self._call(environ)
        if next(self._numbers) % _REQUESTS_PER_CLOSE == 0:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _call(self, environ: "WSGIEnvironment") -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        started: list[Any] = []
        pieces: list[bytes] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _: "OptExcInfo | None" = None
        ) -> Callable[[bytes], object]:
            started[:] = int(status[:3]), headers
            return pieces.append

        body = self._application(environ, start_response)
        pieces.extend(body)
        if hasattr(body, "close"):
            body.close()
        status, headers = started
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return status, raw, b"".join(pieces)


async def _read_body(receive: Receive, limits: Limits) -> bytes:
    """Return the body of a request.

    Gunicorn bounds the wait for the next piece, and then reports a client that left: a timer of our own for
    every request would cost more than the rest of this function.

    Raises:
        BadRequestError: 413 too long, 408 too slow, 400 the client left.
    """
    now = asyncio.get_running_loop().time
    deadline = now() + limits.seconds
    pieces, size, more = [], 0, True
    while more and size <= limits.body_bytes + _DISCARDED_BYTES:
        message = await receive()
        if now() >= deadline:
            raise BadRequestError(408, "The request was not sent in time.")
        if message["type"] == "http.disconnect":
            raise BadRequestError(400, f"The body broke off after {size} bytes.")
        size += len(message["body"])
        if size <= limits.body_bytes:
            pieces.append(message["body"])
        more = message["more_body"]
    if size > limits.body_bytes:
        raise BadRequestError(413, f"The body has more than {limits.body_bytes} bytes.")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _environ(scope: Message) -> "WSGIEnvironment":
    """Return the WSGI environment of a request, but for its body.

    On a Unix socket there is no client address: it comes from X-Forwarded-For, which the gateway sets. Only
    the gateway reaches the socket.
    """
    environ: WSGIEnvironment = {
        **_CONSTANTS,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
    }
    for raw_name, raw_value in scope["headers"]:
        name = "HTTP_" + raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ.pop("HTTP_CONTENT_LENGTH", None)
    client = scope["client"]
    environ["REMOTE_ADDR"] = client[0] if client else environ.get("HTTP_X_FORWARDED_FOR", "local")
    return environ
