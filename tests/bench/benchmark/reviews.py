"""The reviews that are sent."""

import json
import random
from pathlib import Path

from workshop.rows import read_split

COUNT = 1000
SEED = 0


def write_bodies(dataset: Path, file: Path) -> Path:
    """Write request bodies, one JSON object per line: reviews drawn from the test split, short and long ones.

    Args:
        dataset: Directory with test.*.
        file: File to write.
    """
    texts = read_split(dataset, "test")[0]
    chosen = random.Random(SEED).sample(texts, min(COUNT, len(texts)))  # noqa: S311 -- no secret
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in chosen))
    return file


def read_texts(file: Path) -> list[str]:
    """Return the reviews of a file of bodies."""
    return [json.loads(line)["text"] for line in file.read_text().splitlines()]
