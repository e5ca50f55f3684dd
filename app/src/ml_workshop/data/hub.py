"""Data sets of the Hugging Face hub."""

import sys
from typing import Any

from ml_workshop.data.dataset import Rows
from ml_workshop.data.files import COLUMNS
from ml_workshop.errors import DataError


def resolve_commit(dataset_id: str, revision: str) -> str:
    """Return the commit that a branch, tag or commit of a data set means now.

    Raises:
        DataError: The hub cannot be reached, or has no such data set or revision.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        commit = HfApi().dataset_info(dataset_id, revision=revision).sha
    except RevisionNotFoundError as error:
        raise DataError(f"Data set {dataset_id} has no revision {revision} on the hub.") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise DataError(
            f"Data set {dataset_id} is neither a directory here nor a public data set of the hub: "
            "correct the name or give a directory with train.* and test.*."
        ) from error
    except Exception as error:  # the client lets errors of its HTTP library through
        raise _unreachable(dataset_id, error) from error
    if commit is None:
        raise DataError(f"The hub names no commit for data set {dataset_id}, revision {revision}.")
    return commit


def read_splits(dataset_id: str, commit: str) -> tuple[dict[str, Rows], list[str] | None]:
    """Download (or take from the cache) the training and test rows.

    Args:
        dataset_id: Such as "stanfordnlp/imdb".
        commit: A commit, from `resolve_commit`.

    Returns:
        The rows of "train" and "test", and the class names if the data set tells them.

    Raises:
        DataError: The data set lacks a split or a column, or cannot be loaded.
    """
    import datasets  # type: ignore[import-untyped]

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(dataset_id, revision=commit)
    except Exception as error:  # the loader raises what its many parts raise
        raise _unreachable(dataset_id, error) from error
    for split in ("train", "test"):
        if split not in loaded:
            raise DataError(f"Data set {dataset_id} has no split {split} (it has: {', '.join(loaded)}).")
    columns = loaded["train"].column_names
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise DataError(f"Data set {dataset_id} has no column {missing[0]} (it has: {', '.join(columns)}).")
    names: list[str] | None = getattr(loaded["train"].features["label"], "names", None)
    return {split: _rows(loaded[split]) for split in ("train", "test")}, names


def _rows(split: Any) -> Rows:  # noqa: ANN401  (datasets.Dataset, without importing the package)
    return list(zip(split["text"], split["label"], strict=True))


def _unreachable(dataset_id: str, error: Exception) -> DataError:
    reason = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
    return DataError(
        f"Data set {dataset_id} cannot be loaded from the hub ({reason}): "
        "check the network or give a directory with train.* and test.*."
    )
