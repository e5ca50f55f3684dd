"""Rows for the load test to send."""

import json
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from ml_workshop.atomic import replace_file
from ml_workshop.data.dataset import Split

MOST_EXAMPLES = 500


def write_examples(batches: Iterable[Split], rows: int, path: Path) -> None:
    """Write rows spread evenly over a split as JSON lines (text, label), whole or not at all.

    Args:
        batches: All rows.
        rows: Number of rows.
        path: File to write.

    Raises:
        OutputError: The file cannot be written.
    """
    count = min(rows, MOST_EXAMPLES)
    chosen = {position * rows // count for position in range(count)}
    all_rows = chain.from_iterable(zip(batch.texts, batch.labels, strict=True) for batch in batches)
    lines = (
        json.dumps({"text": text, "label": label}, ensure_ascii=False)
        for row, (text, label) in enumerate(all_rows)
        if row in chosen
    )
    replace_file(path, "".join(f"{line}\n" for line in lines))
