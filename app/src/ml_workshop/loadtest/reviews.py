"""The texts that the load test sends."""

import os
from pathlib import Path

from ml_workshop.data.dataset import SAMPLE_DIRECTORY
from ml_workshop.data.files import read_rows
from ml_workshop.errors import DataError

VARIABLE = "LOCUST_REVIEWS"


def load_reviews() -> list[str]:
    """Return the texts of the file that LOCUST_REVIEWS names, or of the sample when there is none.

    Raises:
        DataError: The file has no texts.
    """
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else None
    if path is None or not path.exists():
        path = SAMPLE_DIRECTORY / "test.jsonl"
    rows, _ = read_rows(path)
    texts = [text for text, _ in rows if isinstance(text, str) and text.strip()]
    if not texts:
        raise DataError(f"{path} has no row with a text: point {VARIABLE} to another file.")
    return texts
