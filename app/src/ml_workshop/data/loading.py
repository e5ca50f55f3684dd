"""From what a person called a data set to the data set."""

import hashlib
import re
from collections.abc import Hashable
from pathlib import Path

from ml_workshop.data import files, hub
from ml_workshop.data.dataset import SAMPLE, SAMPLE_DIRECTORY, Dataset, Split, build
from ml_workshop.errors import DataError

_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")


def dataset_identity(name: str, revision: str = "main") -> str:
    """Return what tells the content of a data set from any other, without loading it.

    Args:
        name: Hub id, directory, or "sample".
        revision: Branch, tag or commit, for a hub id.

    Raises:
        DataError: There is no such data set.
    """
    directory = _directory(name)
    if directory is None:
        return f"hub:{name}@{hub.resolve_commit(name, revision)}"
    hashes = [files.file_identity(files.find_split(directory, split)) for split in ("train", "test")]
    return f"files:{hashlib.sha256(''.join(hashes).encode()).hexdigest()}"


def load_dataset(name: str, revision: str = "main") -> Dataset:
    """Load a data set.

    Args:
        name: Hub id, "sample", or directory with train.* and test.* (parquet, csv, jsonl; text, label).
        revision: Branch, tag or commit, for a hub id.

    Raises:
        DataError: The data set is unknown or cannot be trained on; says why.
    """
    identity = dataset_identity(name, revision)
    directory = _directory(name)
    if directory is None:
        rows, names = hub.read_splits(name, identity.rpartition("@")[2])
        return build(name, identity, rows, names)
    train, names = files.read_rows(files.find_split(directory, "train"))
    test, _ = files.read_rows(files.find_split(directory, "test"))
    return build(_short_name(name, directory), identity, {"train": train, "test": test}, names)


def load_rows(path: Path, label_names: list[str]) -> Split:
    """Load rows to evaluate a model on.

    Args:
        path: A parquet, csv or jsonl file, or a directory with test.*.
        label_names: The classes of the model; labels are their indices or names.

    Raises:
        DataError: The file cannot be read, or a label is none of the model's.
    """
    with files.readable(path):
        file = files.find_split(path, "test") if path.is_dir() else path
        there = file.is_file()
    if not there:
        raise DataError(
            f"{file} does not exist: give a parquet, csv or jsonl file, or a directory with test.*."
        )
    rows, _ = files.read_rows(file)
    index: dict[object, int] = {name: position for position, name in enumerate(label_names)}
    numbers = all(re.fullmatch(r"-?\d+", name) for name in label_names)
    index.update({int(name) if numbers else position: position for position, name in enumerate(label_names)})
    split = Split([], [])
    for number, (text, label) in enumerate(rows, start=1):
        if not isinstance(label, Hashable) or label not in index:
            known = ", ".join(label_names)
            raise DataError(f"{file} row {number}: label {label!r} is none of the model's classes ({known}).")
        if isinstance(text, str) and text.strip():
            split.texts.append(text)
            split.labels.append(index[label])
    if not len(split):
        raise DataError(f"{file} has no row with a text.")
    return split


def _short_name(name: str, directory: Path) -> str:
    """A model card tells the world which data set it was, not where it lay."""
    return name if name == SAMPLE else directory.resolve().name


def _directory(name: str) -> Path | None:
    """Return the directory that a name means, None for a hub id."""
    if name == SAMPLE:
        return SAMPLE_DIRECTORY
    path = Path(name).expanduser()
    with files.readable(path):
        if name and path.is_dir():
            return path
    if _HUB_ID.fullmatch(name) and not path.exists():
        return None
    raise DataError(f"Data set {name} is neither a directory nor the id of a hub data set (user/name).")
