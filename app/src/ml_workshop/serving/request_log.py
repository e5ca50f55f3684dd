"""Around every request: its name, and a line in the log."""

from collections.abc import Callable, Iterable
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from ml_workshop.serving.log_lines import LONGEST_STRING, Clock, quoted, write_line
from ml_workshop.serving.request_ids import HEADER, RequestIds

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Request

REQUEST_ID = "ml_workshop.request_id"
TEXTS = "ml_workshop.texts"
BYTES_IN = "ml_workshop.bytes_in"


class RequestLog:
    """Names each request, and writes what became of it; never what the texts say.

    The application may put into the WSGI environment how many texts a request had (TEXTS) and how many bytes
    were read of its body (BYTES_IN).
    """

    def __init__(self, application: "WSGIApplication", revision: str, descriptor: int | None) -> None:
        """Wrap an application.

        Args:
            application: What answers.
            revision: Of the model.
            descriptor: File descriptor to write to, None for no lines.
        """
        self._application = application
        self._descriptor = descriptor
        self._ids = RequestIds()
        self._clock = Clock()
        self._end = f',"model_revision":{quoted(revision)}}}\n'

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        started = perf_counter()
        request_id = environ[REQUEST_ID] = self._ids.choose(environ.get("HTTP_X_REQUEST_ID"))
        answer: list[Any] = ["500", [], None]

        def start(
            status: str, headers: list[tuple[str, str]], error: "OptExcInfo | None" = None
        ) -> "Callable[[bytes], object]":
            headers.append((HEADER, request_id))
            answer[:] = status, headers, environ.get("werkzeug.request")  # gone when the application returns
            return start_response(status, headers, error)

        body = self._application(environ, start)
        if self._descriptor is not None:
            write_line(self._descriptor, self._line(environ, perf_counter() - started, *answer))
        return body

    def _line(
        self,
        environ: "WSGIEnvironment",
        seconds: float,
        status: str,
        headers: list[tuple[str, str]],
        request: "Request | None",
    ) -> str:
        bytes_out = "0"
        for name, value in headers:
            if name == "Content-Length":
                bytes_out = value
        rule = request and request.url_rule
        path = environ["PATH_INFO"]
        if not path.isascii():
            path = path.encode("latin-1").decode("utf-8", "backslashreplace")
        return (
            f'{{"time":"{self._clock(time())}","level":"info","request_id":"{environ[REQUEST_ID]}"'
            f',"method":{quoted(environ["REQUEST_METHOD"])},"route":{quoted(rule.rule) if rule else "null"}'
            f',"path":{quoted(path[:LONGEST_STRING])},"status":{status[:3]}'
            f',"seconds":{seconds:.6f},"bytes_in":{environ.get(BYTES_IN, 0)},"bytes_out":{bytes_out}'
            f',"client":{quoted(environ.get("REMOTE_ADDR") or "local")},"texts":{environ.get(TEXTS, 0)}'
            f"{self._end}"
        )
