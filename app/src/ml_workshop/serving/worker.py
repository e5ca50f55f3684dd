"""Gunicorn's threaded worker, less patient and better spoken.

Gunicorn lets a client take forever to send a request, while a thread waits; and what it refuses by itself,
before the application is asked, it answers in HTML.
"""

import json
import logging
import math
import socket
import struct
from functools import cached_property
from time import monotonic

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]
from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from ml_workshop.serving.log_lines import LONGEST_STRING
from ml_workshop.serving.request_ids import HEADER, RequestIds

log = logging.getLogger("ml_workshop")

# Gunicorn's classes of errors that have a status of their own; every other refusal is a 400.
_STATUS = {
    "LimitRequestLine": "414 URI Too Long",
    "ExpectationFailed": "417 Expectation Failed",
    "LimitRequestHeaders": "431 Request Header Fields Too Large",
    "RequestTimeoutError": "408 Request Timeout",
}


class RequestTimeoutError(ParseException):  # type: ignore[misc]
    """The client took too long to send a request."""

    def __str__(self) -> str:
        """Say so."""
        return "The request was not sent in time."


class Worker(ThreadWorker):  # type: ignore[misc]
    """Ends requests that do not arrive within the timeout, and explains its refusals in JSON."""

    @cached_property
    def _request_ids(self) -> RequestIds:
        return RequestIds()

    def enqueue_req(self, conn: TConn) -> None:
        """Let a thread read and answer a request; the time to send it starts now."""
        if conn.parser is None:
            conn.parser = request_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.deadline = monotonic() + self.cfg.timeout
        super().enqueue_req(conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        conn.parser.unreader.deadline = math.inf  # what is left of a body has Gunicorn's own, shorter one
        return bool(super()._keepalive_after(conn, keepalive))

    def handle_error(
        self, req: object, client: socket.socket, addr: tuple[str, int] | None, exc: Exception
    ) -> None:
        """Answer what did not become a request, or what the application could not answer."""
        request_id = self._request_ids.make()
        fields = {"request_id": request_id, "client": addr[0] if addr else "local"}
        if isinstance(exc, ParseException):
            status = _STATUS.get(type(exc).__name__, "400 Bad Request")
            said = str(exc)[:LONGEST_STRING] or status
            log.warning(
                "A request was refused: %s", said, extra={"fields": {**fields, "status": int(status[:3])}}
            )
        else:
            status = "500 Internal Server Error"
            said = status + "."
            log.error("A request failed.", exc_info=exc, extra={"fields": {**fields, "status": 500}})
        body = json.dumps({"error": said}).encode() + b"\n"
        head = (
            f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{HEADER}: {request_id}\r\n\r\n"
        )
        try:
            client.sendall(head.encode() + body)
        except OSError:
            log.debug("The client of %s was gone.", request_id)


def request_parser(cfg: Config, sock: socket.socket, client: tuple[str, int] | str) -> RequestParser:
    """Return Gunicorn's parser of the requests on a connection, which gives up at its unreader's deadline."""
    parser = RequestParser(cfg, sock, client)
    parser.unreader = _ImpatientUnreader(sock, cfg.timeout)
    return parser


class _ImpatientUnreader(SocketUnreader):  # type: ignore[misc]
    """Reads from a socket until a deadline."""

    def __init__(self, sock: socket.socket, timeout: float) -> None:
        super().__init__(sock)
        self.deadline = math.inf
        # By the kernel: a timeout of Python's would cost a system call more per read.
        limit = struct.pack("ll", math.ceil(timeout), 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def chunk(self, size_hint: int | None = None) -> bytes:
        if monotonic() > self.deadline:
            raise RequestTimeoutError
        try:
            return bytes(super().chunk(size_hint))
        except BlockingIOError as error:
            raise RequestTimeoutError from error
