"""Rows for the load test to send."""

import json
from pathlib import Path

from ml_workshop.atomic import replace_file
from ml_workshop.data.dataset import Split

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
    replace_file(path, "".join(f"{line}\n" for line in lines))
