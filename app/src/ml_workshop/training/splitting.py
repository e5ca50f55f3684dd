"""Holding rows out."""

import numpy as np
from numpy.typing import NDArray


def stratified_holdout(labels: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """Choose rows to hold out, the same share of each class.

    Args:
        labels: Class of each row, shape (n,).
        share: Share to hold out, 0 to 1.
        seed: Seed of the choice.

    Returns:
        Which rows are held out, shape (n,); of each class at least one is and at least one is not.
    """
    generator = np.random.default_rng(seed)
    held = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        held[rows[: min(max(round(len(rows) * share), 1), len(rows) - 1)]] = True
    return held
