"""The data set that everything else works on."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ml_workshop.errors import DataError

SAMPLE = "sample"
"""Name of the data set that ships with the application."""

SAMPLE_DIRECTORY = Path(__file__).parent / "sample"


_SPELLED_OUT = {"neg": "negative", "pos": "positive"}
"""IMDB's own class names are short; people and contracts read these."""


@dataclass(frozen=True)
class Split:
    """Rows of a data set.

    Attributes:
        texts: The texts.
        labels: Class index of each text.
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
        name: What the person called it.
        identity: What tells this content from any other: a hub commit or the hashes of the files.
        label_names: Name of each class index.
        train: Rows to learn from.
        test: Rows to measure with, and nothing else.
    """

    name: str
    identity: str
    label_names: list[str]
    train: Split
    test: Split


Rows = list[tuple[object, object]]
"""Texts with labels as a source gave them."""


def build(name: str, identity: str, rows: dict[str, Rows], names: list[str] | None) -> Dataset:
    """Check rows and turn their labels into class indices.

    Rows whose text is empty are left out.

    Args:
        name: Name for messages.
        identity: See `Dataset`.
        rows: The rows of "train" and of "test".
        names: Class names by integer label, when the source knows them.

    Raises:
        DataError: The rows cannot be trained on; says why.
    """
    kept = {split: _with_text(name, split, given) for split, given in rows.items()}
    values = sorted({label for _, label in kept["train"]}, key=lambda label: (isinstance(label, str), label))
    if len(values) < 2:
        only = f"the one class {values[0]!r}" if values else "no row with a text"
        raise DataError(f"Data set {name}: split train has {only}; training needs at least two classes.")
    scarce = [value for value, count in Counter(label for _, label in kept["train"]).items() if count < 2]
    if scarce:
        raise DataError(
            f"Data set {name}: class {scarce[0]!r} has a single row in split train; give it at least two."
        )
    index = {value: position for position, value in enumerate(values)}
    unseen = sorted({str(label) for _, label in kept["test"] if label not in index})
    if unseen:
        raise DataError(f"Data set {name}: label {unseen[0]} of split test does not occur in split train.")
    if not kept["test"]:
        raise DataError(f"Data set {name}: split test has no row with a text.")
    splits = {
        split: Split([text for text, _ in given], [index[label] for _, label in given])
        for split, given in kept.items()
    }
    return Dataset(name, identity, _label_names(values, names), splits["train"], splits["test"])


def _with_text(name: str, split: str, rows: Rows) -> list[tuple[str, int | str]]:
    kept: list[tuple[str, int | str]] = []
    for number, (text, label) in enumerate(rows, start=1):
        if text is None or text == "" or (isinstance(text, str) and text.isspace()):
            continue
        if not isinstance(text, str):
            raise DataError(f"Data set {name}: text of row {number} of split {split} is not a string.")
        if isinstance(label, bool) or (isinstance(label, float) and label.is_integer()):
            label = int(label)
        if label is None or label in (-1, "") or label != label:  # NaN differs from itself
            raise DataError(
                f"Data set {name}: row {number} of split {split} has no label (empty, or -1 as on the hub): "
                "leave out the rows without one."
            )
        if not isinstance(label, int | str):
            raise DataError(
                f"Data set {name}: label {label!r} of row {number} of split {split} is neither a whole "
                "number nor a string."
            )
        kept.append((_encodable(text), label))
    kinds = {type(label) for _, label in kept}
    if len(kinds) > 1:
        raise DataError(
            f"Data set {name}: labels of split {split} are partly numbers, partly strings; use one kind."
        )
    return kept


def _encodable(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can say but no file can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _label_names(values: list[int | str], names: list[str] | None) -> list[str]:
    if names is not None:
        given = [
            names[value] if isinstance(value, int) and 0 <= value < len(names) else str(value)
            for value in values
        ]
        return [_SPELLED_OUT.get(name, name) for name in given]
    if values == [0, 1]:
        return ["negative", "positive"]
    return [str(value) for value in values]
