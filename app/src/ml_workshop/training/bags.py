"""Documents as bags of weighted features: a sparse matrix in compressed rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.training.counting import Occurrences


@dataclass(frozen=True)
class Bags:
    """The features present in each document, with weights of Euclidean length 1.

    Attributes:
        features: Feature indices of all documents, one document after the other, shape (p,).
        values: Weight of each feature in its document, shape (p,).
        starts: Where each document begins in `features`, with the end of the last, shape (documents + 1,).
    """

    features: NDArray[np.int64]
    values: NDArray[np.float32]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.starts) - 1

    def rows(self, documents: NDArray[np.int64]) -> "Bags":
        """Return the bags of some documents, in the order asked for."""
        lengths = self.starts[documents + 1] - self.starts[documents]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        where = np.arange(starts[-1]) + np.repeat(self.starts[documents] - starts[:-1], lengths)
        return Bags(self.features[where], self.values[where], starts)


def make_bags(occurrences: Occurrences, selected: NDArray[np.int64], weights: NDArray[np.float32]) -> Bags:
    """Turn pairs (n-gram, document) into bags of the selected n-grams.

    Args:
        occurrences: Where the n-grams occur.
        selected: Indices into `occurrences.keys`, ascending, shape (features,); its ranks are the features.
        weights: Weight of each selected n-gram, shape (features,).

    Returns:
        One bag per document of `occurrences`.
    """
    feature_of_ngram = np.full(len(occurrences.keys), -1, dtype=np.int32)
    feature_of_ngram[selected] = np.arange(len(selected), dtype=np.int32)
    feature_of_pair = feature_of_ngram[occurrences.ngrams]
    chosen = feature_of_pair >= 0
    documents = occurrences.documents[chosen]
    by_document = np.argsort(documents, kind="stable")
    features = feature_of_pair[chosen][by_document].astype(np.int64)
    documents = documents[by_document]
    values = weights[features]
    squares = np.bincount(documents, values.astype(np.float64) ** 2, minlength=occurrences.size)
    values /= np.sqrt(squares)[documents].astype(np.float32)
    lengths = np.bincount(documents, minlength=occurrences.size)
    return Bags(features, values, np.concatenate(([0], np.cumsum(lengths))))
