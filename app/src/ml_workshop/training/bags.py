"""Documents as bags of weighted features: a sparse matrix in compressed rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.training.counting import Occurrences


@dataclass(frozen=True)
class Batch:
    """Some documents as rows of a sparse matrix.

    Attributes:
        features: The features present, one document after the other, shape (p,).
        values: Weight of each feature in its document, of Euclidean length 1 in each, shape (p,).
        starts: Where each document begins in `features`, with the end of the last, shape (documents + 1,).
    """

    features: NDArray[np.int32]
    values: NDArray[np.float32]
    starts: NDArray[np.int32]


@dataclass(frozen=True)
class Bags:
    """The features present in each document; their values are worked out when they are needed.

    Attributes:
        features: Feature indices of all documents, one document after the other, shape (p,).
        starts: Where each document begins in `features`, with the end of the last, shape (documents + 1,).
        weights: Weight of each feature, shape (features,).
        scales: What makes a document's weights a vector of length 1, shape (documents,).
    """

    features: NDArray[np.int32]
    starts: NDArray[np.int64]
    weights: NDArray[np.float32]
    scales: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.scales)

    def rows(self, documents: NDArray[np.int64]) -> Batch:
        """Return some documents, in the order asked for."""
        begins, ends = self.starts[documents], self.starts[documents + 1]
        features = np.concatenate(
            [self.features[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
        )
        values = self.weights[features] * np.repeat(self.scales[documents], ends - begins)
        return Batch(features, values, np.concatenate(([0], np.cumsum(ends - begins))).astype(np.int32))


def make_bags(occurrences: Occurrences, selected: NDArray[np.int64], weights: NDArray[np.float32]) -> Bags:
    """Turn the n-grams of documents into bags of the selected n-grams.

    Args:
        occurrences: Which n-grams the documents have.
        selected: Indices into `occurrences.keys`, ascending, shape (features,); its ranks are the features.
        weights: Weight of each selected n-gram, shape (features,).

    Returns:
        One bag per document of `occurrences`.
    """
    feature_of_ngram = np.full(len(occurrences.keys), -1, dtype=np.int32)
    feature_of_ngram[selected] = np.arange(len(selected), dtype=np.int32)
    features = feature_of_ngram[occurrences.ngrams]
    chosen = features >= 0
    up_to = np.cumsum(chosen, dtype=np.int32)
    starts = np.array([up_to[start - 1] if start else 0 for start in occurrences.starts.tolist()], np.int64)
    features = features[chosen]
    scales = np.ones(len(starts) - 1, np.float32)
    filled = starts[1:] > starts[:-1]
    if filled.any():
        squares = np.add.reduceat(np.square(weights)[features], starts[:-1][filled])
        scales[filled] = 1 / np.sqrt(np.maximum(squares, 1e-12))
    return Bags(features, starts, weights, scales)
