"""The load test, against the real server and against one that answers wrongly."""

import csv
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ml_workshop.loadtest.answers import AnswerCheck
from ml_workshop.loadtest.reviews import load_reviews

LOCUSTFILE = Path(sys.modules["ml_workshop.loadtest"].__file__ or "").parent / "locustfile.py"
RIGHT = {"prediction": 1, "label": "positive", "probability": 0.9, "model_revision": "r"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"probability": 0.8}, "the same text got"),
        ({"prediction": 0}, "the same text got"),
        ({"probability": 1.5}, "the probability is 1.5"),
        ({"probability": None}, "the probability is None"),
        ({"label": None}, "lacks prediction, label or model_revision"),
        ({"model_revision": "other", "probability": 0.1}, None),
    ],
)
def test_wrong_answers_are_found(change: dict[str, object], says: str | None) -> None:
    check = AnswerCheck()
    assert check.problem("a", RIGHT) is None
    assert check.problem("a", RIGHT) is None
    problem = check.problem("a", {**RIGHT, **change})
    assert (problem is None) if says is None else (problem is not None and says in problem)
    assert check.problem("b", [RIGHT]) == "the answer is not an object"


def test_reviews_come_from_the_file_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = load_reviews()
    assert len(sample) == 200
    monkeypatch.setenv("LOCUST_REVIEWS", str(tmp_path / "not-there.jsonl"))
    assert load_reviews() == sample
    (tmp_path / "reviews.jsonl").write_text(json.dumps({"text": "mine", "label": 1}) + "\n")
    monkeypatch.setenv("LOCUST_REVIEWS", str(tmp_path / "reviews.jsonl"))
    assert load_reviews() == ["mine"]


class Confused(BaseHTTPRequestHandler):
    """Answers each request with another probability, as a service would that mixes up requests."""

    count = 0

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).count += 1
        answer = {**RIGHT, "probability": (type(self).count % 100) / 100}
        body = json.dumps([answer] * len(content["texts"]) if "texts" in content else answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def confused() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Confused) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def locust(host: str, reviews: Path, statistics: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "locust", "-f", LOCUSTFILE, "--host", host, "--headless", "--only-summary",
         "-u", "20", "-r", "20", "-t", "2s", "--csv", statistics],
        env={**os.environ, "LOCUST_REVIEWS": str(reviews)},
        capture_output=True,
        text=True,
        timeout=60,
    )  # fmt: skip


def totals(statistics: Path) -> dict[str, str]:
    with statistics.with_name(statistics.name + "_stats.csv").open() as file:
        return next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")


def test_a_service_that_mixes_up_answers_is_caught(confused: str, tmp_path: Path) -> None:
    (tmp_path / "reviews.jsonl").write_text(json.dumps({"text": "only one", "label": 1}) + "\n")
    done = locust(confused, tmp_path / "reviews.jsonl", tmp_path / "run")
    assert done.returncode == 1, done.stderr
    total = totals(tmp_path / "run")
    assert int(total["Failure Count"]) > 0.8 * int(total["Request Count"])
    assert "the same text got" in (tmp_path / "run_failures.csv").read_text()
