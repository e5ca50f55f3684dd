"""Rows for the load test to send."""

import json
import os
from pathlib import Path

from ml_workshop.data.dataset import Split
from ml_workshop.errors import OutputError

MOST_EXAMPLES = 500


def write_examples(split: Split, path: Path) -> None:
    """Write rows spread evenly over a split as JSON lines (text, label), whole or not at all.

    Raises:
        OutputError: The file cannot be written.
    """
    count = min(len(split), MOST_EXAMPLES)
    chosen = [position * len(split) // count for position in range(count)]
    lines = (
        json.dumps({"text": split.texts[row], "label": split.labels[row]}, ensure_ascii=False)
        for row in chosen
    )
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error
