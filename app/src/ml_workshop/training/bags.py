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

    features: NDArray[np.int32]
    values: NDArray[np.float32]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.starts) - 1

    def rows(self, documents: NDArray[np.int64]) -> "Bags":
        """Return the bags of some documents, in the order asked for."""
        begins, ends = self.starts[documents], self.starts[documents + 1]
        slices = [slice(begin, end) for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
        return Bags(
            np.concatenate([self.features[its] for its in slices]),
            np.concatenate([self.values[its] for its in slices]),
            np.concatenate(([0], np.cumsum(ends - begins))),
        )


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
    chosen = np.flatnonzero(features >= 0)
    starts = np.searchsorted(chosen, occurrences.starts)
    features = features[chosen]
    values = weights[features]
    squares = np.concatenate(([0.0], np.cumsum(np.square(values), dtype=np.float64)))
    lengths = np.sqrt(np.diff(squares[starts]))
    values /= np.repeat(lengths, np.diff(starts)).astype(np.float32)
    return Bags(features, values, starts)
