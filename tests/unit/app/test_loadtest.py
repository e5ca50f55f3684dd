"""Reviews of the load test, and the check of responses."""

import json
from pathlib import Path

import pytest
from ml_workshop.loadtest.reviews import ResponseCheck, load_reviews

RIGHT = {"prediction": 1, "label": "positive", "probability": 0.9, "model_revision": "r"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": 0.8}, "the same text got"),
        ({"prediction": 0}, "the same text got"),
        ({"probability": 1.5}, "the probability is 1.5"),
        ({"probability": None}, "the probability is None"),
        ({"label": None}, "lacks prediction, label or model_revision"),
        ({"model_revision": "other", "probability": 0.1}, None),
    ],
)
def test_wrong_answers_are_found(change: dict[str, object], message: str | None) -> None:
    check = ResponseCheck()
    assert check.problem("a", RIGHT) is None
    assert check.problem("a", RIGHT) is None
    problem = check.problem("a", {**RIGHT, **change})
    assert (problem is None) if message is None else (problem is not None and message in problem)
    assert check.problem("b", [RIGHT]) == "the answer is not an object"


def test_reviews_come_from_the_file_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = load_reviews()
    assert len(sample) == 200
    monkeypatch.setenv("LOCUST_REVIEWS", str(tmp_path / "not-there.jsonl"))
    assert load_reviews() == sample
    (tmp_path / "reviews.jsonl").write_text(json.dumps({"text": "mine", "label": 1}) + "\n")
    monkeypatch.setenv("LOCUST_REVIEWS", str(tmp_path / "reviews.jsonl"))
    assert load_reviews() == ["mine"]
