"""Holding rows out."""

import numpy as np
from numpy.typing import NDArray

from ml_workshop.training.corpus import NO_LABEL, Labels

_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def hold_out(labels: Labels, hashes: NDArray[np.uint64], share: float, seed: int) -> NDArray[np.bool_]:
    """Choose labelled rows to hold out: those whose mixed hash is low.

    Args:
        labels: Class of each row, NO_LABEL for unlabelled ones, shape (n,).
        hashes: Hash of each text, shape (n,): rows of the same text are held out together.
        share: Share to hold out, 0 to 1.
        seed: Seed of the choice.

    Returns:
        Which rows are held out, shape (n,). Of each class with different texts, one or more are, and one or
        more are not. If no class has different texts, rows of the same text may be in both parts.
    """
    held = held_out_hashes(hashes, share, seed)
    mixed = _mix(hashes + np.uint64(seed))
    for label in np.unique(labels[labels != NO_LABEL]):
        its = mixed[labels == label]
        low, high = its.min(), its.max()
        if not held[labels == label].any():
            held |= (mixed == low) & (low != high)
        held &= (mixed != high) | (labels != label)
    held &= labels != NO_LABEL
    if not held.any():
        rows = np.arange(len(labels), dtype=np.uint64)
        return hold_out(labels, rows, share, seed) if len(np.unique(hashes)) < len(hashes) else held
    return held


def held_out_hashes(hashes: NDArray[np.uint64], share: float, seed: int) -> NDArray[np.bool_]:
    """Return which hashes are low when they are mixed with a seed; see `hold_out`."""
    held: NDArray[np.bool_] = _mix(hashes + np.uint64(seed)) < share * 2.0**64
    return held


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix bits as SplitMix64 does (Steele, Lea & Flood 2014)."""
    for shift, multiplier in zip((30, 27), _MULTIPLIERS, strict=True):
        hashes = (hashes ^ (hashes >> np.uint64(shift))) * multiplier
    return hashes ^ (hashes >> np.uint64(31))
