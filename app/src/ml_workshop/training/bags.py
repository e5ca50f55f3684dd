"""Documents as bags of weighted features: a sparse matrix in compressed rows, on disk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.text.ngrams import TOKEN_BITS, Keys, Lookup
from ml_workshop.training.corpus import Block, Corpus
from ml_workshop.training.counting import TokenNumbers
from ml_workshop.training.spill import Spill

_FEATURE_BITS = 31


@dataclass(frozen=True)
class Batch:
    """Some documents as rows of a sparse matrix.

    Attributes:
        features: The features present, one document after the other, shape (p,).
        values: Weight of each feature in its document, of Euclidean length 1 in each, shape (p,).
        starts: Offset of each document in `features`, then the end of the last one, shape (documents + 1,).
    """

    features: NDArray[np.int32]
    values: NDArray[np.float32]
    starts: NDArray[np.int32]


@dataclass(frozen=True)
class Bags:
    """The features present in each document; their values are worked out when they are needed.

    Attributes:
        features: Feature indices of all documents, one document after the other.
        starts: Offset of each document in `features`, then the end of the last one, shape (documents + 1,).
        weights: Weight of each feature, shape (features,).
        scales: Factor that normalises each document's weights to length 1, shape (documents,).
    """

    features: Spill
    starts: NDArray[np.int64]
    weights: NDArray[np.float32]
    scales: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.scales)

    def rows(self, documents: NDArray[np.int64]) -> Batch:
        """Return some documents, in the given order."""
        begins, ends = self.starts[documents], self.starts[documents + 1]
        features = self.features.read_many(list(zip(begins.tolist(), ends.tolist(), strict=True)))
        values = self.weights[features] * np.repeat(self.scales[documents], ends - begins)
        return Batch(features, values, np.concatenate(([0], np.cumsum(ends - begins))).astype(np.int32))


def make_bags(
    corpus: Corpus, numbers: TokenNumbers, keys: Keys, max_order: int, weights: NDArray[np.float32]
) -> Bags:
    """Find some n-grams in all documents.

    Args:
        corpus: The documents.
        numbers: Numbers of the tokens in `keys`.
        keys: n-grams, ascending, shape (features,).
        max_order: Longest n-gram.
        weights: Weight of each n-gram, shape (features,).
    """
    lookup = Lookup(keys)
    squares = np.square(weights.astype(np.float64))
    spilled = Spill(np.int32, corpus.directory)
    lengths, norms = np.zeros(corpus.size, np.int64), np.zeros(corpus.size)
    for block in corpus.blocks(np.ones(corpus.size, np.bool_)):
        packed = _features(block, numbers, lookup, max_order)
        its_documents, features = packed >> _FEATURE_BITS, packed & ((1 << _FEATURE_BITS) - 1)
        spilled.append(features.astype(np.int32))
        rows = slice(block.first, block.first + block.size)
        lengths[rows] = np.bincount(its_documents, minlength=block.size)
        norms[rows] = np.bincount(its_documents, squares[features], minlength=block.size)
    starts = np.concatenate(([0], np.cumsum(lengths)))
    scales = 1 / np.sqrt(np.where(lengths > 0, np.maximum(norms, 1e-12), 1))
    return Bags(spilled, starts, weights, scales.astype(np.float32))


def _features(block: Block, numbers: TokenNumbers, lookup: Lookup, max_order: int) -> NDArray[np.int64]:
    """Return document << _FEATURE_BITS | feature for each feature of each document, ascending."""
    tokens = numbers.of(block).astype(np.int64)
    is_token = tokens != 0
    keys, begins = tokens, is_token
    found = []
    for order in range(1, max_order + 1):
        if order > 1:
            keys = keys[:-1] << TOKEN_BITS | tokens[order - 1 :]
            begins = begins[:-1] & is_token[order - 1 :]
        places = np.flatnonzero(begins)
        present, features = lookup.matches(keys[places])
        found.append(block.documents[places[present]] << _FEATURE_BITS | features)
    packed = np.concatenate(found)
    packed.sort()
    distinct = np.ones(len(packed), np.bool_)
    np.not_equal(packed[1:], packed[:-1], out=distinct[1:])
    return packed[distinct]
