"""Request IDs and log lines, without log injection."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from ml_workshop.model.predictor import Predictor

REVIEW = "Rosebud was a delightful film"


class Service:
    """The application, and the log lines since the last call of `lines`."""

    def __init__(self, client: FlaskClient, log: int) -> None:
        self.client, self._log = client, log

    def lines(self) -> list[dict[str, Any]]:
        text = os.read(self._log, 1_000_000).decode("ascii")
        assert text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def service(make_client: Callable[..., FlaskClient]) -> Iterator[Service]:
    read, write = os.pipe()
    yield Service(make_client(log=write), read)
    os.close(read)
    os.close(write)


def test_a_request_is_one_line_without_its_text(service: Service) -> None:
    response = service.client.post(
        "/predict", json={"texts": [REVIEW, REVIEW]}, headers={"X-Request-ID": "a-1"}
    )
    body = json.dumps({"texts": [REVIEW, REVIEW]})
    (line,) = service.lines()
    assert line.pop("time").endswith("Z")
    assert 0 < line.pop("seconds") < 5
    assert line == {
        "level": "info",
        "request_id": "a-1",
        "method": "POST",
        "route": "/predict",
        "path": "/predict",
        "status": 200,
        "bytes_in": len(body),
        "bytes_out": len(response.data),
        "client": "127.0.0.1",
        "texts": 2,
        "model_revision": response.get_json()[0]["model_revision"],
    }


@pytest.mark.parametrize("path", ["/predict", "/explain", "/v2/models/sentiment/infer"])
def test_no_line_has_a_text(service: Service, path: str, caplog: pytest.LogCaptureFixture) -> None:
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": [REVIEW]}
    for content in ({"text": REVIEW}, {"inputs": [tensor]}, {"texts": REVIEW}, REVIEW):
        service.client.post(path, json=content)
    lines = service.lines()
    assert len(lines) == 4
    assert "Rosebud" not in json.dumps(lines) + caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 200), ("GET", "/nope", 404), ("PUT", "/predict", 405), ("POST", "/predict", 415)],
)
def test_every_response_has_a_request_id(service: Service, method: str, path: str, status: int) -> None:
    made = [service.client.open(path, method=method) for _ in range(2)]
    assert [response.status_code for response in made] == [status, status]
    names = [response.headers["X-Request-ID"] for response in made]
    assert names[0] != names[1]
    assert [line["request_id"] for line in service.lines()] == names
    given = service.client.open(path, method=method, headers={"X-Request-ID": "trace:4f/1+2=3@host_A.b"})
    assert given.headers["X-Request-ID"] == "trace:4f/1+2=3@host_A.b"


@pytest.mark.parametrize(
    "name", ["", "a b", 'a"b', "a\\b", "ä", "a" * 129, "a,b", "<script>", "a\tb", "\x7f"]
)
def test_unsafe_request_ids_are_replaced(service: Service, name: str) -> None:
    response = service.client.get("/health/live", headers={"X-Request-ID": name})
    assert response.headers["X-Request-ID"] != name
    assert service.lines()[0]["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "raw", [b'/a"\n{}\r', b"/\xff\xfe", "/ä🎬".encode(), b"/\x00\x1b[31m", b"/" + b"x" * 5000]
)
def test_any_path_is_one_line(service: Service, raw: bytes) -> None:
    service.client.get("/", environ_overrides={"PATH_INFO": raw.decode("latin-1")})
    (line,) = service.lines()
    assert line["path"] == raw.decode("utf-8", "backslashreplace")[:256]


def test_a_line_is_shorter_than_an_atomic_pipe_write(service: Service) -> None:
    service.client.get(
        "/" + "\U0001f3ac" * 1000,
        headers={"X-Request-ID": "a" * 128},
        environ_overrides={"REMOTE_ADDR": "f" * 39},
    )
    assert len(json.dumps(service.lines()[0], separators=(",", ":"))) < 4096


def test_a_log_that_cannot_be_written_fails_no_request(make_client: Callable[..., FlaskClient]) -> None:
    read, write = os.pipe()
    os.close(read)  # writing is an error from now on
    client = make_client(log=write)
    dropped = "ml_workshop_log_lines_dropped_total"

    def count() -> float:
        text = client.get(f"/metrics?name[]={dropped}").get_data(as_text=True)
        return float(text.split()[-1])

    before = count()
    assert client.get("/health/live").status_code == 200
    assert count() == before + 2, "a line for the metrics, and one for the health check"
    os.close(write)


def test_a_failure_is_logged_with_its_request_id_and_not_sent(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from ml_workshop.serving.logs import JsonFormatter

    def fail(*_arguments: object) -> None:
        raise RuntimeError("a detail")

    monkeypatch.setattr(Predictor, "predict", fail)
    response = service.client.post("/predict", json={"text": REVIEW}, headers={"X-Request-ID": "a-1"})
    assert response.status_code == 500
    assert response.get_json() == {"error": "500 Internal Server Error."}
    assert response.headers["X-Request-ID"] == "a-1"
    (line,) = service.lines()
    assert (line["status"], line["route"]) == (500, "/predict")
    (record,) = caplog.records
    logged = JsonFormatter().format(record)
    assert "\n" not in logged
    assert json.loads(logged)["request_id"] == "a-1"
    assert "RuntimeError: a detail" in json.loads(logged)["traceback"]
