"""Opening a data set by the name that the user gives."""

import re
from pathlib import Path
from typing import TypeVar

from ml_workshop.data import hub
from ml_workshop.data.columns import Table
from ml_workshop.data.dataset import SAMPLE, SAMPLE_DIRECTORY, UNLABELLED, Split
from ml_workshop.data.files import SUFFIXES, open_table
from ml_workshop.data.layout import Parts, content_hash, find_splits
from ml_workshop.data.reading import readable
from ml_workshop.data.source import Source
from ml_workshop.errors import DataError

Part = TypeVar("Part")

_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")


def dataset_identity(name: str, revision: str = "main", unlabelled: bool = False) -> str:
    """Return an identifier of the content of a data set, without reading its rows; see `open_dataset`.

    Raises:
        DataError: There is no such data set.
    """
    place = _place(name)
    if place is None:
        dataset_id = hub.current_id(name)
        return f"hub:{dataset_id}@{hub.resolve_commit(dataset_id, revision)}"
    parts = _training_parts(name, place, unlabelled)
    return f"files:{content_hash([path for split in sorted(parts) for path in parts[split]])}"


def open_dataset(name: str, revision: str = "main", unlabelled: bool = False) -> Source:
    """Open a data set to read it in batches.

    Args:
        name: Hub id, "sample", file, or directory (docs/data.md has the layouts).
        revision: Branch, tag or commit, for a hub id.
        unlabelled: Whether to open the split of texts without labels, too.

    Raises:
        DataError: The data set is unknown or cannot be read.
    """
    identity = dataset_identity(name, revision, unlabelled)
    place = _place(name)
    if place is None:
        dataset_id, _, commit = identity.removeprefix("hub:").rpartition("@")
        splits = hub.open_splits(dataset_id, commit)
        return Source(dataset_id, identity, _wanted(name, splits, unlabelled))
    published = place.resolve().stem if place.is_file() else place.resolve().name  # the path is not
    return Source(
        name if name == SAMPLE else published, identity, _open(_training_parts(name, place, unlabelled))
    )


def load_rows(path: Path, label_names: list[str]) -> Split:
    """Load rows to evaluate a model on.

    Args:
        path: A file or directory with test rows; of a data set without, those that training leaves out.
        label_names: The classes of the model.

    Raises:
        DataError: The file cannot be read, or has a label that the model does not know.
    """
    with readable(path):
        if not path.exists():
            raise DataError(f"{path} does not exist: give a data file, or a directory with test.*.")
        parts = find_splits(path)
    if path.is_file() or (path.name == "test" and "train" in parts):
        parts = {"test": parts["train"]}
    return Source(str(path), "", _open(parts)).load_test(label_names)


def _training_parts(name: str, place: Path, unlabelled: bool) -> Parts:
    parts = find_splits(place)
    if "train" not in parts:
        raise DataError(f"{place} has no train.* (it has: {', '.join(parts)}).")
    return _wanted(name, parts, unlabelled)


def _wanted(name: str, splits: dict[str, Part], unlabelled: bool) -> dict[str, Part]:
    if unlabelled and UNLABELLED not in splits:
        raise DataError(
            f"Data set {name} has no texts without labels: add {UNLABELLED}.* (docs/data.md), or train "
            "without --unlabelled (trainer_unlabelled)."
        )
    return {split: part for split, part in splits.items() if unlabelled or split != UNLABELLED}


def _open(parts: Parts) -> dict[str, list[Table]]:
    return {
        split: [open_table(path, split != UNLABELLED) for path in paths] for split, paths in parts.items()
    }


def _place(name: str) -> Path | None:
    """Return the directory or file that a name stands for, None for a hub id."""
    if name == SAMPLE:
        return SAMPLE_DIRECTORY
    path = Path(name).expanduser()
    with readable(path):
        if name and (path.is_dir() or (path.suffix.lower() in SUFFIXES and path.is_file())):
            return path
    if _HUB_ID.fullmatch(name) and not path.exists():
        return None
    raise DataError(f"Data set {name} is neither a directory nor the id of a hub data set (user/name).")
