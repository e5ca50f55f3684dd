"""WSGI middleware: the ID of a request, its metrics, and its line in the log."""

import itertools
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from flask import request

from ml_workshop.serving.metrics import Metrics

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_encode = json.JSONEncoder().encode

HEADER = "X-Request-ID"
REQUEST_ID = "ml_workshop.request_id"
"""The request ID, in the WSGI environment."""

TEXTS = "ml_workshop.texts"
"""The number of texts of a request; the application sets it in the WSGI environment."""

LONGEST_STRING = 256
"""Characters of a string that a client chose; with all fields, a line stays below PIPE_BUF (4096)."""

# Characters that need no quoting in a header, a log line or a shell.
_valid_id = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}").fullmatch


def utc(now: float) -> str:
    """Return seconds since the epoch as ISO 8601, UTC, with milliseconds."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def set_nonblocking(descriptor: int) -> None:
    """Make writes to a pipe or a socket fail at once when it is full."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        os.set_blocking(descriptor, False)


class LineWriter:
    """Writes whole lines and never blocks; a line that cannot be written is dropped."""

    def __init__(self, descriptor: int, dropped: Callable[[], object]) -> None:
        """Prepare a file descriptor.

        Args:
            descriptor: File descriptor of the log; a pipe or a socket becomes non-blocking.
            dropped: Called for each line that could not be written.
        """
        set_nonblocking(descriptor)
        self._descriptor = descriptor
        self._dropped = dropped

    def __call__(self, line: str) -> None:
        """Write one line of at most PIPE_BUF bytes, which other processes cannot interrupt."""
        try:
            os.write(self._descriptor, line.encode("ascii"))
        except OSError:
            self._dropped()


class RequestMiddleware:
    """Identifies, measures and logs every request; the log never has a text.

    A request is counted before its response is sent, so a worker that is killed takes no count with it.
    """

    def __init__(
        self, application: "WSGIApplication", metrics: Metrics, revision: str, log: LineWriter | None
    ) -> None:
        """Wrap an application.

        Args:
            application: A Flask application.
            metrics: Count the requests.
            revision: Revision of the model.
            log: Writes one line per request; None for no lines.
        """
        self._application = application
        self._metrics = metrics
        self._log = log
        self._prefix = secrets.token_hex(6)  # no other worker has it
        self._numbers = itertools.count(1)
        self._revision = _encode(revision)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        started = perf_counter()
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _valid_id(given) else f"{self._prefix}-{next(self._numbers)}"
        environ[REQUEST_ID] = request_id
        response: list[Any] = []

        def start(
            status: str, headers: list[tuple[str, str]], error: "OptExcInfo | None" = None
        ) -> "Callable[[bytes], object]":
            headers.append((HEADER, request_id))
            rule = request.url_rule  # known only in here, where Flask still has the request
            response[:] = status[:3], dict(headers).get("Content-Length", "0"), rule and rule.rule
            return start_response(status, headers, error)

        body = self._application(environ, start)
        status, size, route = response
        seconds = perf_counter() - started
        self._metrics.count_request(environ["REQUEST_METHOD"], route, status, seconds)
        if self._log is not None:
            path = environ["PATH_INFO"]
            if not path.isascii():
                path = path.encode("latin-1").decode("utf-8", "backslashreplace")
            # The result of json.dumps, in a fifth of the time.
            self._log(
                f'{{"time":"{utc(time())}","level":"info","request_id":"{request_id}",'
                f'"method":{_encode(environ["REQUEST_METHOD"][:LONGEST_STRING])},"route":{_encode(route)},'
                f'"path":{_encode(path[:LONGEST_STRING])},"status":{status},"seconds":{seconds:.6f},'
                f'"bytes_in":{environ.get("CONTENT_LENGTH") or 0},"bytes_out":{size},'
                f'"client":{_encode(environ.get("REMOTE_ADDR", "")[:LONGEST_STRING])},'
                f'"texts":{environ.get(TEXTS, 0)},"model_revision":{self._revision}}}\n'
            )
        return body
