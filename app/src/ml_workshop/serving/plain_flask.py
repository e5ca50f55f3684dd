"""Flask without what this service does not use, by methods and attributes that are documented for overriding.

Together this is a sixth of the time that Flask takes for a request; docs/serving.md has the figures.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import Headers
from werkzeug.routing import MapAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_encode = json.JSONEncoder(separators=(",", ":")).encode


class PlainResponse(Response):
    """A response whose headers are complete: no redirect, and never 1xx, 204 or 304."""

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        """Return the headers; there is nothing to correct."""
        return self.headers


class PlainFlask(Flask):
    """Flask without sessions, asynchronous views and host names."""

    class _NoSessions(SessionInterface):
        _session = NullSession()

        def open_session(self, app: Flask, request: Request) -> NullSession:
            return self._session

    session_interface = _NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function; no view is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match the path of a request for any host."""
        if request is None:
            return None
        path = request.environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        return self.url_map.bind("", path_info=path, default_method=request.method)


def json_response(content: object, status: int = 200) -> Response:
    """Return a JSON document and a newline; in ASCII, for a client's text may hold half a surrogate pair."""
    return PlainResponse(_encode(content).encode("ascii") + b"\n", status, content_type="application/json")
