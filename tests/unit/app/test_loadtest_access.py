"""Locust's web UI: logins, requests from other pages, and other services to load."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import flask
import pytest
from flask.testing import FlaskClient
from flask_cors import CORS
from ml_workshop.loadtest.access import restrict

pytestmark = pytest.mark.slow

HOST = "http://service:8000"
OWN = {"Origin": "http://localhost"}
OTHER = {"Origin": "http://evil.example"}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


LOGIN = basic("admin", "correct-horse")


@pytest.fixture(params=[True, False], ids=["with logins", "without logins"])
def logins(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param:
        (tmp_path / "logins").write_text(
            json.dumps({"admin": "correct-horse", "nobody": "", "digits": 123456789012})
        )
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return bool(request.param)


@pytest.fixture
def client(logins: bool, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv("LOCUST_USERS_MAX", "1000")
    app = flask.Flask("ui")
    CORS(app)  # as Locust does
    for path in ("/", "/swarm", "/stop", "/stats/reset", "/user"):
        app.add_url_rule(path, path, lambda: "done", methods=["GET", "POST"])
    restrict(cast(Any, SimpleNamespace(web_ui=SimpleNamespace(app=app), host=HOST)))
    return app.test_client()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("admin", "wrong"),
        basic("admin", ""),
        basic("root", "correct-horse"),
        basic("nobody", ""),
        {"Authorization": "Basic bm9jb2xvbg=="},
        {"Authorization": "Bearer correct-horse"},
    ],
)
def test_a_wrong_login_is_refused_where_there_are_logins(
    client: FlaskClient, logins: bool, headers: dict[str, str]
) -> None:
    answer = client.get("/", headers=headers)
    assert answer.status_code == (401 if logins else 200)
    assert ("WWW-Authenticate" in answer.headers) == logins


def test_a_password_of_digits_is_a_password(client: FlaskClient) -> None:
    assert client.get("/", headers=basic("digits", "123456789012")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 200),
        ("GET", "/", {"Referer": "http://grafana.example/"}, 200),  # a link
        ("GET", "/", OTHER, 403),
        ("OPTIONS", "/swarm", OTHER, 403),
        ("POST", "/swarm", OTHER, 403),
        ("POST", "/swarm", {"Origin": "null"}, 403),
        ("POST", "/swarm", {"Origin": "http://localhost:81"}, 403),
        ("POST", "/swarm", OWN, 200),
        ("POST", "/swarm", {}, 200),  # a program
        ("POST", "/stop", OTHER, 403),
        ("POST", "/stats/reset", OTHER, 403),
    ],
)
def test_other_pages_are_refused(
    client: FlaskClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = client.open(path, method=method, headers=headers | LOGIN)
    assert answer.status_code == status
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
    assert status == 403 or answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/swarm", {"user_count": 1, "host": "http://elsewhere:80"}),
        ("/swarm", {"host": ""}),
        ("/swarm", {"host": f"{HOST}/"}),
        ("/user", json.dumps({"user_class_name": "User", "host": "http://elsewhere:80"})),
    ],
)
def test_another_service_is_refused(client: FlaskClient, path: str, data: Any) -> None:
    answer = client.post(path, data=data, headers=LOGIN)
    assert answer.status_code == 400
    assert answer.get_json()["message"] == (
        "This Locust loads http://service:8000 only; locust_host sets another service."
    )


@pytest.mark.parametrize(("users", "status"), [("1000", 200), (" 1_001 ", 400), ("many", 200)])
def test_users_are_limited(client: FlaskClient, users: str, status: int) -> None:
    answer = client.post("/swarm", data={"user_count": users, "host": HOST}, headers=LOGIN)
    assert answer.status_code == status
    if status == 400:
        assert "at most 1000 users; locust_users_max" in answer.get_json()["message"]


def test_its_own_service_is_loaded(client: FlaskClient) -> None:
    assert client.post("/swarm", data={"host": HOST}, headers=LOGIN).text == "done"


@pytest.mark.parametrize(
    ("key", "headers"), [("key-0123456789abcdef\n", "Bearer key-0123456789abcdef"), ("\n", None)]
)
def test_users_send_the_api_key(tmp_path: Path, key: str, headers: str | None) -> None:
    (tmp_path / "api_key").write_text(key)
    program = "from ml_workshop.loadtest.users import ReviewUser; print(ReviewUser.default_headers)"
    environment = os.environ | {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    output = subprocess.check_output([sys.executable, "-c", program], env=environment, text=True)
    assert output.splitlines()[-1] == str({"Authorization": headers} if headers else {})
