"""Data sets of the Hugging Face hub."""

import sys
from collections.abc import Iterator
from typing import Any

from ml_workshop.data.columns import Rows, Table, find_columns
from ml_workshop.data.dataset import UNLABELLED
from ml_workshop.errors import DataError

_MOVED = {
    "imdb": "stanfordnlp/imdb",
    "rotten_tomatoes": "cornell-movie-review-data/rotten_tomatoes",
    "yelp_polarity": "fancyzhx/yelp_polarity",
    "amazon_polarity": "fancyzhx/amazon_polarity",
}
"""Ids without a user, which the client no longer accepts, and today's ids."""

_NOT_FOUND = (
    "is neither a directory here nor a public data set of the hub: correct the name (user/name), set "
    "HF_TOKEN if it is private, or give a directory with train.* and test.*"
)
_HTTP = {
    401: "needs a valid token (HTTP 401): correct HF_TOKEN, or unset it for a public data set",
    403: "is restricted (HTTP 403): accept its conditions on the hub, and set HF_TOKEN to your token",
    404: _NOT_FOUND,
    429: "cannot be loaded, the hub limits requests (HTTP 429): try again later, or set HF_TOKEN",
}


def current_id(dataset_id: str) -> str:
    """Return today's id of a data set."""
    return _MOVED.get(dataset_id, dataset_id)


def resolve_commit(dataset_id: str, revision: str) -> str:
    """Return the commit that a branch, tag or commit of a data set refers to now.

    Raises:
        DataError: The hub cannot be reached, or has no such data set or revision.
    """
    from huggingface_hub import HfApi

    try:
        commit = HfApi().dataset_info(dataset_id, revision=revision).sha
    except Exception as error:  # the client lets errors of its HTTP library through
        raise DataError(f"Data set {dataset_id} {_cause(error, revision)}.") from error
    if commit is None:
        raise DataError(f"The hub names no commit for data set {dataset_id}, revision {revision}.")
    return commit


def open_splits(dataset_id: str, commit: str) -> dict[str, list[Table]]:
    """Download (or take from the cache) the splits of a data set.

    Args:
        dataset_id: Such as "stanfordnlp/imdb".
        commit: A commit, from `resolve_commit`.

    Returns:
        "train"; and "test" and "unsupervised", if the data set has them.

    Raises:
        DataError: The data set lacks a split or a column, or cannot be loaded.
    """
    import datasets  # type: ignore[import-untyped]

    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(dataset_id, revision=commit)
    except Exception as error:  # the loader raises what its many parts raise
        raise DataError(f"Data set {dataset_id} {_cause(error, commit)}.") from error
    if "train" not in loaded:
        raise DataError(f"Data set {dataset_id} has no split train (it has: {', '.join(loaded)}).")
    return {
        name: [_table(f"{dataset_id} {name}", loaded[name], name != UNLABELLED)]
        for name in ("train", "test", UNLABELLED)
        if name in loaded
    }


def _table(name: str, split: Any, labelled: bool) -> Table:  # noqa: ANN401  (datasets.Dataset, not imported)
    columns, notes = find_columns(f"Data set {name}", split.column_names, labelled)

    def batches(rows: int) -> Iterator[Rows]:
        for batch in split.select_columns(columns).iter(batch_size=rows):
            texts = batch[columns[0]]
            yield list(zip(texts, batch[columns[1]] if labelled else [None] * len(texts), strict=True))

    return Table(name, batches, notes, getattr(split.features[columns[-1]], "names", None), columns[-1])


def _cause(error: Exception, revision: str) -> str:
    """Return the cause of an error of the hub's client or of the data set's loader, and what to do."""
    from huggingface_hub import errors

    chain: list[BaseException] = [error]
    while cause := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(cause)
    for link in chain:
        if isinstance(link, errors.RevisionNotFoundError):
            return f"has no revision {revision} on the hub"
        if isinstance(link, errors.OfflineModeIsEnabled):
            return "cannot be loaded from the hub: HF_HUB_OFFLINE is set; unset it, or give a directory"
        if isinstance(link, errors.RepositoryNotFoundError) and link.response.status_code != 403:
            return _NOT_FOUND  # the hub answers 401 to a client without a token
        if isinstance(link, errors.HfHubHTTPError):
            status = link.response.status_code
            return _HTTP.get(status, f"cannot be loaded, the hub answered HTTP {status}: try again later")
        if isinstance(link, errors.HFValidationError):
            return _NOT_FOUND
    reason = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
    return (
        f"cannot be loaded from the hub ({reason}): check the network (HF_ENDPOINT, HTTPS_PROXY), or give a "
        "directory with train.* and test.*"
    )
