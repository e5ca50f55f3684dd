"""Reviews that the load test sends, and the check of the responses."""

import os
from pathlib import Path
from typing import Any

from ml_workshop.data.dataset import SAMPLE_DIRECTORY
from ml_workshop.data.files import read_rows
from ml_workshop.errors import DataError

VARIABLE = "LOCUST_REVIEWS"


def load_reviews() -> list[str]:
    """Return the texts of the file in LOCUST_REVIEWS, or of the sample if there is no such file.

    Raises:
        DataError: The file has no texts.
    """
    path = Path(os.environ.get(VARIABLE) or SAMPLE_DIRECTORY / "test.jsonl")
    if not path.exists():
        path = SAMPLE_DIRECTORY / "test.jsonl"
    rows, _ = read_rows(path)
    texts = [text for text, _ in rows if isinstance(text, str) and text.strip()]
    if not texts:
        raise DataError(f"{path} has no row with a text: set {VARIABLE} to another file.")
    return texts


class ResponseCheck:
    """Finds predictions that are malformed, or differ from an earlier prediction for the same text.

    A service that mixes up requests under load still responds with 200; the same text must get the same
    prediction from the same model.
    """

    def __init__(self) -> None:
        """Start without known predictions."""
        self._known: dict[tuple[str, str], tuple[int, float]] = {}

    def problem(self, text: str, answer: Any) -> str | None:  # noqa: ANN401  (decoded JSON)
        """Return what is wrong with the decoded prediction of a text, or None."""
        if not isinstance(answer, dict):
            return "the answer is not an object"
        prediction, probability = answer.get("prediction"), answer.get("probability")
        revision, label = answer.get("model_revision"), answer.get("label")
        if not isinstance(prediction, int) or not isinstance(label, str) or not isinstance(revision, str):
            return "the answer lacks prediction, label or model_revision"
        if not isinstance(probability, float | int) or not 0 <= probability <= 1:
            return f"the probability is {probability!r}"
        known = self._known.setdefault((text, revision), (prediction, probability))
        if known[0] != prediction or abs(known[1] - probability) > 1e-6:
            return f"the same text got {known} and then {(prediction, probability)}"
        return None
