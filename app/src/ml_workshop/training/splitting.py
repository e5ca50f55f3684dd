"""Holding rows out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def first_occurrences(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return for each text the index of the first text that is the same, shape (n,)."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(text, index) for index, text in enumerate(texts)], np.int64)


def stratified_holdout(
    labels: NDArray[np.int64], share: float, seed: int, same_as: NDArray[np.int64] | None = None
) -> NDArray[np.bool_]:
    """Choose rows to hold out, the same share of each class.

    Args:
        labels: Class of each row, shape (n,).
        share: Share to hold out, 0 to 1.
        seed: Seed of the choice.
        same_as: First row of the same text, for each row, shape (n,): such rows are held out together, unless
            every class has but one text.

    Returns:
        Which rows are held out, shape (n,); at least one is, and of each class at least one is not.
    """
    rows = np.arange(len(labels))
    originals = rows if same_as is None else np.unique(same_as)
    generator = np.random.default_rng(seed)
    held = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        its = generator.permutation(originals[labels[originals] == label])
        held[its[: min(max(round(len(its) * share), 1), len(its) - 1)]] = True
    if same_as is not None:
        if not held.any():
            return stratified_holdout(labels, share, seed)
        held = held[same_as]
    return held
