"""Data sets in memory, for tests that make their own rows or look at all of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ml_workshop.data.dataset import UNLABELLED, Split
from ml_workshop.data.loading import open_dataset


@dataclass(frozen=True)
class Dataset:
    """The methods of a Source that `train` calls."""

    name: str
    identity: str
    label_names: list[str]
    train: Split
    test: Split
    unlabelled: list[str] = field(default_factory=list)

    def count_rows(self, split: str) -> int:
        return sum(map(len, self.iter_texts(split)))

    def iter_texts(self, split: str, batch_rows: int = 1000) -> Iterator[Split]:
        rows = {"train": self.train, "test": self.test, UNLABELLED: Split(self.unlabelled, [])}[split]
        for begin in range(0, len(rows), batch_rows):
            end = begin + batch_rows
            yield Split(rows.texts[begin:end], rows.labels[begin:end])


def load_dataset(name: str) -> Dataset:
    """Read the labelled rows of a data set."""
    source = open_dataset(name)
    splits = []
    for split in ("train", "test"):
        batches = list(source.iter_texts(split))
        texts = [text for batch in batches for text in batch.texts]
        splits.append(Split(texts, [label for batch in batches for label in batch.labels]))
    return Dataset(source.name, source.identity, source.label_names, *splits)
