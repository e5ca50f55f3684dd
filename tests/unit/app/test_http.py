"""The HTTP contract, on the application without a server."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from ml_workshop.model.predictor import Predictor
from werkzeug.test import TestResponse

GOOD = "A delightful film. I loved it and laughed all the way home."
BAD = "What a tedious, lifeless mess. I want my money back."
CURL = "curl -H 'Content-Type: application/json' -d DATA URL"


@pytest.fixture(scope="module")
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client(texts=4, text_characters=1000)


def post(client: FlaskClient, content: Any, **options: Any) -> TestResponse:
    body = content if isinstance(content, bytes) else json.dumps(content)
    return client.post("/predict", data=body, **{"content_type": "application/json", **options})


def test_one_text(client: FlaskClient, trained: Path) -> None:
    answer = post(client, {"text": GOOD}).get_json()
    assert (answer["prediction"], answer["label"]) == (1, "positive")
    assert 0.5 < answer["probability"] <= 1
    assert len(answer["model_revision"]) == 40
    assert answer["probability"] == Predictor.load(trained).predict(GOOD).probability
    assert (post(client, {"text": BAD}).get_json()["label"]) == "negative"


def test_several_texts_keep_their_order(client: FlaskClient) -> None:
    answers = post(client, {"texts": [GOOD, BAD, GOOD]}).get_json()
    assert [answer["prediction"] for answer in answers] == [1, 0, 1]
    assert answers[0] == post(client, {"text": GOOD}).get_json() == answers[2]


def test_a_text_of_unknown_words_is_classified(client: FlaskClient) -> None:
    for text in ("xyzzy", "零零", "\0", "\ud800", "🎬" * 10, "."):
        assert post(client, {"text": text}).status_code == 200


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 400, "not valid JSON"),
        (b"{", 400, "not valid JSON"),
        (b'{"text": "\xff"}', 400, "not UTF-8: byte 10"),
        ('{"text": "film"}'.encode("utf-16"), 400, "not UTF-8"),
        (b"\xef\xbb\xbf{}", 400, "not valid JSON"),
        (b'{"text": "a", "text": "b"}', 400, "one name twice"),
        (b"[" * 15000, 400, "not valid JSON"),
        (b'{"text": ' + b"1" * 15000 + b"}", 400, "not valid JSON"),
        (b"NaN", 400, "there is no NaN"),
        ([GOOD], 422, "must be a JSON object"),
        ({}, 422, '"text", a string, or "texts"'),
        ({"text": GOOD, "texts": [GOOD]}, 422, '"text", a string, or "texts"'),
        ({"text": None}, 422, '"text" must be a string'),
        ({"text": 1e400}, 400, "there is no Infinity"),
        ({"text": {"text": GOOD}}, 422, '"text" must be a string'),
        ({"text": ""}, 422, '"text" is empty'),
        ({"text": " \n\t\u3000"}, 422, '"text" is empty'),
        ({"text": "a" * 1001}, 422, "1001 characters; at most 1000"),
        ({"texts": GOOD}, 422, "list of one or more strings"),
        ({"texts": []}, 422, "list of one or more strings"),
        ({"texts": [GOOD] * 5}, 422, "5 entries; at most 4"),
        ({"texts": [GOOD, 3]}, 422, '"texts"[1] must be a string'),
    ],
)
def test_bad_bodies_are_refused(client: FlaskClient, content: Any, status: int, message: str) -> None:
    response = post(client, content)
    assert response.status_code == status
    assert response.content_type == "application/json"
    assert message in response.get_json()["error"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("application/json; charset=utf-8", ""),
        ("Application/JSON;charset=UTF-8", ""),
        ("text/plain", CURL),
        ("application/x-www-form-urlencoded", CURL),
        ("", CURL),
        ("application/jsonp", CURL),
        ("application/json; charset=utf-16", "UTF-8"),
    ],
)
def test_content_types(client: FlaskClient, kind: str, message: str) -> None:
    response = post(client, {"text": GOOD}, content_type=kind)
    assert response.status_code == (415 if message else 200)
    assert not message or message in response.get_json()["error"]


def test_a_compressed_body_is_refused(client: FlaskClient) -> None:
    response = post(client, gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415
    assert "Content-Encoding" in response.get_json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/predict", 405),
        ("PUT", "/predict", 405),
        ("OPTIONS", "/predict", 405),
        ("GET", "/nope", 404),
        ("POST", "/predict/", 404),
        ("POST", "//predict", 404),
    ],
)
def test_errors_of_routes_and_methods_are_json(
    client: FlaskClient, method: str, path: str, status: int
) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.get_json()["error"]
    assert status != 405 or "POST" in response.headers["Allow"]


def test_health(client: FlaskClient) -> None:
    assert client.get("/health/live").get_json() == {"status": "live"}
    ready = client.get("/health/ready").get_json()
    assert ready["status"] == "ready"
    assert ready["model_revision"] == post(client, {"text": GOOD}).get_json()["model_revision"]


def metric(client: FlaskClient, line: str) -> float:
    for sample in client.get("/metrics").get_data(as_text=True).splitlines():
        if sample.startswith(line + " "):
            return float(sample.rpartition(" ")[2])
    return 0.0


def test_metrics_count_requests_by_route_and_predictions_by_class(client: FlaskClient) -> None:
    names = [
        'flask_http_request_total{method="POST",status="200"}',
        'flask_http_request_duration_seconds_count{method="POST",status="200",url_rule="/predict"}',
        'flask_http_request_duration_seconds_bucket{le="0.05",method="POST",status="200",url_rule="/predict"}',
        'ml_workshop_predictions_total{label="positive"}',
        'ml_workshop_predictions_total{label="negative"}',
        "ml_workshop_prediction_confidence_count",
        "ml_workshop_out_of_vocabulary_ratio_count",
        "ml_workshop_review_tokens_count",
    ]
    before = [metric(client, name) for name in names]
    post(client, {"texts": [GOOD, GOOD, BAD]})
    growth = [metric(client, name) - old for name, old in zip(names, before, strict=True)]
    assert growth == [1, 1, 1, 2, 1, 3, 3, 3]


def test_metrics_have_the_model_revision(client: FlaskClient) -> None:
    revision = client.get("/health/ready").get_json()["model_revision"]
    text = client.get("/metrics", query_string={"name[]": "ml_workshop_model_info"}).get_data(as_text=True)
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(samples) == 1
    assert f'revision="{revision}"' in samples[0]
    assert samples[0].endswith(" 1.0")
    assert client.get("/metrics?name[]=nope").status_code == 200


def test_unknown_paths_and_methods_add_no_series(client: FlaskClient) -> None:
    def count() -> int:
        lines = client.get("/metrics").get_data(as_text=True).splitlines()
        return sum(not line.startswith("#") for line in lines)

    def send(start: int) -> None:
        for number in range(start, start + 200):
            client.open(f"/{number}/{number}", method=f"VERB{number}")
            client.open("/predict", method=f"VERB{number}")
            client.open(f"/{number}", method="GET")

    send(0)
    before = count()
    send(1000)
    assert count() == before


@pytest.mark.parametrize(
    "accept", ["text/plain;version=x", "application/openmetrics-text; version=1..", "*/*"]
)
def test_metrics_of_an_unknown_version(client: FlaskClient, accept: str) -> None:
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert "ml_workshop_model_info" in answer.text
