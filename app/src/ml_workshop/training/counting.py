"""Which n-gram occurs in which document, without a matrix."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.text.ngrams import UNKNOWN, Keys, ngram_keys
from ml_workshop.training.corpus import Corpus

Indices = NDArray[np.int32]


@dataclass(frozen=True)
class Occurrences:
    """Pairs (n-gram, document), each once however often the n-gram occurs in the document.

    Attributes:
        keys: The n-grams, sorted, shape (u,).
        ngrams: Index into `keys` for each pair, ascending, shape (p,).
        documents: Document index for each pair, ascending within an n-gram, shape (p,).
        size: Number of documents.
    """

    keys: Keys
    ngrams: Indices
    documents: Indices
    size: int

    def class_counts(self, labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
        """Count the documents of each class in which each n-gram occurs.

        Args:
            labels: Class of each document, shape (size,); a negative label leaves the document out.
            classes: Number of classes.

        Returns:
            Counts, shape (u, classes).
        """
        label_of_pair = labels[self.documents]
        counted = label_of_pair >= 0
        cells = self.ngrams[counted].astype(np.int64) * classes + label_of_pair[counted]
        return np.bincount(cells, minlength=len(self.keys) * classes).reshape(len(self.keys), classes)


def count_ngrams(corpus: Corpus, max_order: int, min_documents: int) -> Occurrences:
    """Find the n-grams that occur in enough documents.

    An n-gram can only be frequent when both (n-1)-grams inside it are, as in the Apriori algorithm
    (Agrawal & Srikant 1994), so each order only sorts what the order before left over.

    Args:
        corpus: The documents.
        max_order: Longest n-gram.
        min_documents: Fewest documents that an n-gram has to occur in.

    Returns:
        The n-grams of orders 1 to max_order and where they occur.
    """
    keys: list[Keys] = []
    ngrams: list[Indices] = []
    documents: list[Indices] = []
    found = 0
    frequent = corpus.ids != UNKNOWN
    for order in range(1, max_order + 1):
        count = max(len(corpus.ids) - order + 1, 0)
        frequent = frequent[:count] if order == 1 else frequent[:count] & frequent[1 : count + 1]
        positions = np.flatnonzero(frequent).astype(np.int32)
        order_keys = ngram_keys(corpus.ids, order)[positions]
        by_key = np.argsort(order_keys, kind="stable").astype(np.int32)
        positions, order_keys = positions[by_key], order_keys[by_key]
        starts_ngram = _differs_from_previous(order_keys)
        first = starts_ngram | _differs_from_previous(corpus.documents[positions])
        group = np.cumsum(starts_ngram, dtype=np.int32) - np.int32(1)
        enough = np.bincount(group[first], minlength=0) >= min_documents
        kept = enough[group]
        frequent = np.zeros(count, dtype=np.bool_)
        frequent[positions[kept]] = True
        kept &= first
        new_index = np.cumsum(enough, dtype=np.int32) + np.int32(found - 1)
        keys.append(order_keys[starts_ngram][enough])
        ngrams.append(new_index[group[kept]])
        documents.append(corpus.documents[positions[kept]])
        found += len(keys[-1])
    return Occurrences(np.concatenate(keys), np.concatenate(ngrams), np.concatenate(documents), corpus.size)


def _differs_from_previous(values: NDArray[np.integer]) -> NDArray[np.bool_]:
    differs = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs
