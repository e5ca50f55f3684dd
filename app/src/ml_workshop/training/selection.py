"""Choosing n-grams by how unevenly they spread over the classes."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]


def log_count_ratios(counts: Counts, documents: Counts, smoothing: float) -> Doubles:
    """Naive Bayes log-count ratio of each n-gram and class against the other classes.

    r = log((p + a) / |p + a|) - log((q + a) / |q + a|), with p and q the document counts inside and outside
    the class (Wang & Manning 2012, "Baselines and Bigrams"), normalised by the number of documents as in
    Bernoulli naive Bayes.

    Args:
        counts: Documents of each class with the n-gram, shape (u, classes).
        documents: Documents of each class, shape (classes,).
        smoothing: Pseudo-count that is added to each count.

    Returns:
        Ratios, shape (u, classes); positive where the n-gram is evidence for the class.
    """
    inside = (counts + smoothing) / (documents + 2 * smoothing)
    outside_counts = counts.sum(axis=1, keepdims=True) - counts
    outside = (outside_counts + smoothing) / (documents.sum() - documents + 2 * smoothing)
    ratios: Doubles = np.log(inside) - np.log(outside)
    return ratios


def class_contrast(counts: Counts, documents: Counts) -> Doubles:
    """Return the deviation of each n-gram's class shares from those of the data set, in standard deviations.

    Args:
        counts: Documents of each class with the n-gram, shape (u, classes).
        documents: Documents of each class, shape (classes,).

    Returns:
        The largest |observed - expected| / sqrt(expected variance) over the classes, shape (u,).
    """
    share = documents / documents.sum()
    total = counts.sum(axis=1, keepdims=True)
    deviation = np.sqrt(np.maximum(total * share * (1 - share), 1e-12))
    contrast: Doubles = np.max(np.abs(counts - total * share) / deviation, axis=1)
    return contrast


class Best:
    """The n-grams of highest class contrast; the lower key wins a tie.

    Attributes:
        keys: Keys of the n-grams, shape (u,).
        counts: Documents with each n-gram, by class, shape (u, classes).
    """

    def __init__(self, documents: Counts, size: int) -> None:
        """Begin with no n-grams.

        Args:
            documents: Documents of each class, shape (classes,).
            size: Number of n-grams to keep.
        """
        self._documents, self._size = documents, size
        self.keys, self.counts = np.empty(0, np.int64), np.empty((0, len(documents)), np.int64)
        self._contrast = np.empty(0)

    def add(self, keys: Counts, counts: Counts) -> None:
        """Consider more n-grams."""
        self.keys = np.concatenate((self.keys, keys))
        self.counts = np.concatenate((self.counts, counts))
        self._contrast = np.concatenate((self._contrast, class_contrast(counts, self._documents)))
        if len(self.keys) > 2 * self._size:
            self._keep(np.lexsort((self.keys, -self._contrast))[: self._size])

    def ascending(self) -> tuple[Counts, Counts]:
        """Return the keys, ascending, and their counts."""
        self._keep(np.lexsort((self.keys, -self._contrast))[: self._size])
        self._keep(np.argsort(self.keys))
        return self.keys, self.counts

    def _keep(self, places: Counts) -> None:
        self.keys, self.counts, self._contrast = (
            self.keys[places],
            self.counts[places],
            self._contrast[places],
        )


def weights_and_directions(counts: Counts, documents: Counts, smoothing: float) -> tuple[Floats, Floats]:
    """Take the log-count ratios of n-grams apart.

    Args:
        counts: Documents of each class with the n-gram, shape (u, classes).
        documents: Documents of each class, shape (classes,).
        smoothing: Pseudo-count that is added to each count.

    Returns:
        The weight of each n-gram, its largest absolute ratio, shape (u,), and its ratios over it, shape
        (u, classes).
    """
    ratios = log_count_ratios(counts, documents, smoothing).astype(np.float32)
    weights: Floats = np.abs(ratios).max(axis=1)
    return weights, (ratios / weights.clip(min=1e-12)[:, None]).astype(np.float32)
