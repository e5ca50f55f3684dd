"""Documents as bags of features: the sparse matrix in compressed rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.training.counting import Occurrences


@dataclass(frozen=True)
class Bags:
    """The features present in each document.

    Attributes:
        features: Feature indices of all documents, one document after the other, shape (p,).
        starts: Where each document begins in `features`, shape (documents + 1,).
    """

    features: NDArray[np.int64]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.starts) - 1

    def rows(self, documents: NDArray[np.int64]) -> "Bags":
        """Return the bags of some documents, in the order asked for."""
        lengths = self.starts[documents + 1] - self.starts[documents]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        where = np.arange(starts[-1]) + np.repeat(self.starts[documents] - starts[:-1], lengths)
        return Bags(self.features[where], starts)


def make_bags(occurrences: Occurrences, selected: NDArray[np.int64]) -> Bags:
    """Turn pairs (n-gram, document) into bags of the selected n-grams.

    Args:
        occurrences: Where the n-grams occur.
        selected: Indices into `occurrences.keys`, ascending; their rank is the feature index.

    Returns:
        One bag per document of `occurrences`.
    """
    feature_of_ngram = np.full(len(occurrences.keys), -1, dtype=np.int32)
    feature_of_ngram[selected] = np.arange(len(selected), dtype=np.int32)
    feature_of_pair = feature_of_ngram[occurrences.ngrams]
    chosen = feature_of_pair >= 0
    features, documents = feature_of_pair[chosen], occurrences.documents[chosen]
    by_document = np.argsort(documents, kind="stable")
    lengths = np.bincount(documents, minlength=occurrences.size)
    return Bags(features[by_document].astype(np.int64), np.concatenate(([0], np.cumsum(lengths))))
