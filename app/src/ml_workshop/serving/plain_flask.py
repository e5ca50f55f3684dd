"""Flask without what this service does not use, at the places where Flask lets itself be overridden.

Together this is a third of what Flask takes for a request; docs/serving.md has the numbers.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class PlainResponse(Response):
    """An answer whose body and headers are complete: no redirect, no stream, and never 1xx, 204 or 304."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer; nothing is left to correct in the headers."""
        start_response(self.status, self.headers.to_wsgi_list())
        return () if environ["REQUEST_METHOD"] == "HEAD" else self.iter_encoded()


class PlainFlask(Flask):
    """Flask without sessions, asynchronous views and host names."""

    class _NoSessions(SessionInterface):
        _session = NullSession()

        def open_session(self, app: Flask, request: Request) -> NullSession:
            return self._session

    session_interface = _NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function; Flask would ask each time whether it is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Prepare to find the route of a request; that does not depend on its host."""
        if request is None:
            return None
        path = request.environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        return MapAdapter(self.url_map, "", "/", None, "http", path, request.method)
