"""The data set that everything else works on."""

from dataclasses import dataclass, field
from pathlib import Path

SAMPLE = "sample"
"""Name of the data set that ships with the application."""

SAMPLE_DIRECTORY = Path(__file__).parent / "sample"

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
