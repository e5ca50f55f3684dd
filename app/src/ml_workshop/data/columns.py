"""Tables of texts and labels, and the names that their columns have in published data sets."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ml_workshop.data.labels import shown
from ml_workshop.errors import DataError

Rows = list[tuple[object, object]]
"""Texts with labels as a file has them."""

_TEXT = ("text", "review", "sentence", "content", "comment", "review_text", "body", "tweet", "clean_text")
_LABEL = ("label", "sentiment", "class", "polarity", "target", "category", "labels")


@dataclass(frozen=True)
class Table:
    """A part of a split that is read in batches.

    Attributes:
        name: Name for messages.
        batches: Yields at most the given number of rows at a time, with None as label where there is none.
        notes: Differences from the documented format, one line each.
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
    columns, missing, renamed = [], [], []
    for names in (_TEXT, _LABEL) if labelled else (_TEXT,):
        found = next((by_name[name] for name in names if name in by_name), None)
        if found is None:
            missing.append(f"no column {names[0]} (or {', '.join(names[1:])})")
            continue
        columns.append(found)
        if found != names[0]:
            renamed.append(f"column {found.strip()} is read as {names[0]}")
    if missing:
        raise DataError(
            f"{where} has {' and '.join(missing)}; it has: {shown(present) or 'nothing'}. "
            "Rename its columns to text and label, or add such a header."
        )
    return columns, (", ".join(renamed),) if renamed else ()
