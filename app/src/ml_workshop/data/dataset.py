"""The data set that everything else works on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE = "sample"
"""Name of the data set that ships with the application."""

SAMPLE_DIRECTORY = Path(__file__).parent / "sample"

CHUNK_ROWS = 1 << 13
CHUNK_CHARACTERS = 1 << 25
"""Most texts and characters in memory at a time, about."""

UNLABELLED = "unsupervised"
"""Name of the split of texts without labels, as on the hub."""


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


@dataclass(frozen=True)
class Dataset:
    """A training and a test split with one list of classes.

    Attributes:
        name: The name that the user gave.
        identity: Identifies the content: a hub commit or a hash of the files.
        label_names: Name of each class index.
        train: Rows to train on.
        test: Rows to evaluate on, used for nothing else.
        unlabelled: Texts without labels.
    """

    name: str
    identity: str
    label_names: list[str]
    train: Split
    test: Split
    unlabelled: list[str] = field(default_factory=list)

    def count_rows(self, split: str) -> int:
        """Return how many rows `iter_texts` yields."""
        return sum(map(len, self.iter_texts(split)))

    def iter_texts(self, split: str, batch_rows: int = CHUNK_ROWS) -> Iterator[Split]:
        """Yield the rows of "train", "test" or UNLABELLED, at most `batch_rows` at a time."""
        rows = {"train": self.train, "test": self.test, UNLABELLED: Split(self.unlabelled, [])}[split]
        for begin in range(0, len(rows), batch_rows):
            end = begin + batch_rows
            yield Split(rows.texts[begin:end], rows.labels[begin:end])


def rechunked(batches: Iterable[Split]) -> Iterator[Split]:
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
