"""Rows of a data set as the workshop's script takes them: from the start, unshuffled."""

import json
from pathlib import Path


def read_split(dataset: Path, split: str, limit: int | None = None) -> tuple[list[str], list[int]]:
    """Return texts and labels of a split.

    Args:
        dataset: Directory with train.* and test.*, parquet or JSON lines, columns text and label (0 or 1).
        split: "train" or "test".
        limit: Most rows to return, from the start; all by default.
    """
    parquet = dataset / f"{split}.parquet"
    if parquet.exists():
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(parquet, columns=["text", "label"]).slice(0, limit)
        return table["text"].to_pylist(), table["label"].to_pylist()
    with (dataset / f"{split}.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file][:limit]
    return [row["text"] for row in rows], [row["label"] for row in rows]
