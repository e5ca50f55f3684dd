"""Tables of texts and labels, and the names that their columns have in published data sets."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ml_workshop.data.labels import shown
from ml_workshop.errors import DataError

Rows = list[tuple[object, object]]
"""Texts with labels as a file has them."""

_NAMES = {
    "text": ("text", "review", "sentence", "content", "comment", "review_text", "body", "message", "tweet"),
    "label": ("label", "sentiment", "class", "polarity", "target", "category", "labels"),
}


@dataclass(frozen=True)
class Table:
    """A part of a split that is read in batches.

    Attributes:
        name: Name for messages.
        batches: Yields at most the given number of rows at a time; labels are None if it has none.
        notes: How it is read, where that differs from the documented format; one line each.
        class_names: Class names by integer label, if it has them.
        label_column: Name of the column of labels, for messages.
    """

    name: str
    batches: Callable[[int], Iterator[Rows]]
    notes: tuple[str, ...] = ()
    class_names: list[str] | None = None
    label_column: str = "label"


def find_columns(
    where: str, present: Sequence[str], labelled: bool = True
) -> tuple[list[str], tuple[str, ...]]:
    """Return the names of the text and (if `labelled`) the label column, and a note if they are unusual.

    Raises:
        DataError: A column is missing.
    """
    by_name = {name.strip(" \t\"'\ufeff").casefold(): name for name in reversed(present)}
    wanted = {role: names for role, names in _NAMES.items() if labelled or role == "text"}
    found = {
        role: next((by_name[name] for name in names if name in by_name), None)
        for role, names in wanted.items()
    }
    missing = [
        f"no column {role} (or {', '.join(names[1:])})" for role, names in wanted.items() if not found[role]
    ]
    if missing:
        raise DataError(f"{where} has {' and '.join(missing)}; it has: {shown(present) or 'nothing'}.")
    note = ", ".join(
        f"column {str(name).strip()} is read as {role}" for role, name in found.items() if name != role
    )
    return [name for name in found.values() if name is not None], (note,) if note else ()
