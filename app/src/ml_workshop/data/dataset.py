"""Rows of a data set, and the sample data set that ships with the application."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SAMPLE = "sample"
"""Name of the data set that ships with the application."""

SAMPLE_DIRECTORY = Path(__file__).parent / "sample"

CHUNK_ROWS = 1 << 13
CHUNK_CHARACTERS = 1 << 25
"""Approximate limits of the texts and characters in memory at a time."""

UNLABELLED = "unsupervised"
"""Name of the split of texts without labels, as in the data set imdb on the hub."""


@dataclass(frozen=True)
class Split:
    """Rows of a data set.

    Attributes:
        texts: The texts.
        labels: Class index of each text; empty for unlabelled rows.
    """

    texts: list[str]
    labels: list[int]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.texts)


def rechunk(batches: Iterable[Split]) -> Iterator[Split]:
    """Join batches, until they have CHUNK_ROWS rows or CHUNK_CHARACTERS characters."""
    chunk, characters = Split([], []), 0
    for batch in batches:
        if chunk.texts and bool(chunk.labels) != bool(batch.labels):  # unlabelled rows begin
            yield chunk
            chunk, characters = Split([], []), 0
        chunk.texts.extend(batch.texts)
        chunk.labels.extend(batch.labels)
        characters += sum(map(len, batch.texts))
        if len(chunk) >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = Split([], []), 0
    if chunk.texts:
        yield chunk
