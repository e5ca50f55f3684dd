"""Who may use Locust's web UI, and which service it may load."""

import contextlib
import hmac
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import flask
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Request, Response

from ml_workshop.credentials import credential

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from locust.env import Environment


def restrict(environment: "Environment") -> None:
    """Restrict the web UI to its logins, requests of its own pages, its own host and a number of users.

    The number is LOCUST_USERS_MAX in the environment. Logins are name to password, as JSON, in what systemd's
    LoadCredential= gave this process as `logins`; without that, everyone may log in.
    """
    if environment.web_ui is None or environment.web_ui.app is None:
        return
    app, host = environment.web_ui.app, environment.host
    users_max = int(os.environ.get("LOCUST_USERS_MAX", sys.maxsize))
    logins = json.loads(credential("logins") or "{}")
    app.wsgi_app = AccessControl(app.wsgi_app, {name: str(password) for name, password in logins.items()})  # type: ignore[method-assign]

    def refuse() -> ResponseReturnValue | None:
        with contextlib.suppress(ValueError):  # Locust refuses what is not a number
            if max(map(int, flask.request.form.getlist("user_count")), default=0) > users_max:
                message = f"This Locust starts at most {users_max} users; locust_users_max sets more."
                return flask.jsonify(success=False, message=message, host=host), 400
        # /user sets any attribute of a user class, its host as well.
        others = flask.request.path == "/user" or set(flask.request.form.getlist("host")) - {host}
        if host is None or not others:
            return None
        message = f"This Locust loads {host} only; locust_host sets another service."
        return flask.jsonify(success=False, message=message, host=host), 400

    app.before_request(refuse)


class AccessControl:
    """WSGI middleware: logins, no requests of other origins, and no answers for them."""

    def __init__(self, application: "WSGIApplication", logins: Mapping[str, str]) -> None:
        """Take the application and its logins, name to password; empty for none."""
        self._application, self._logins = application, logins

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        refusal = self._refusal(Request(environ))
        if refusal is not None:
            return refusal(environ, start_response)

        # Locust lets pages of every origin read its answers, and frame it: clicks there would count here.
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:  # noqa: ANN401
            own = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
            return start_response(status, [*own, ("X-Frame-Options", "DENY")], *error)

        return self._application(environ, start)

    def _refusal(self, request: Request) -> Response | None:
        if self._logins and not self._has_login(request):
            login = {"WWW-Authenticate": 'Basic realm="Locust", charset="UTF-8"'}
            return Response("Log in with name and password.\n", 401, login)
        # Browsers send it with each request of another origin that could change something.
        origin = request.headers.get("Origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.host
        return Response("This request came from another page.\n", 403) if foreign else None

    def _has_login(self, request: Request) -> bool:
        login = request.authorization
        if login is None or login.type != "basic":
            return False
        password = self._logins.get(login.username or "", "")
        return bool(password) and hmac.compare_digest(password.encode(), (login.password or "").encode())
