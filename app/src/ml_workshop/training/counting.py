"""Which n-gram occurs in which document, without a matrix."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.processes import cores
from ml_workshop.text.ngrams import TOKEN_BITS, Keys
from ml_workshop.training.corpus import NONE, Corpus

Indices = NDArray[np.int32]

ABSENT = -1

POSITIONS_AT_ONCE = 1 << 20
"""Positions that one thread sorts at a time, about: 50 MB."""


@dataclass(frozen=True)
class Occurrences:
    """The n-grams of each document, each once however often it occurs there.

    Attributes:
        keys: The n-grams, ascending, shape (u,).
        ngrams: Indices into `keys`, one document after the other, shape (p,).
        starts: Where each document begins in `ngrams`, with the end of the last, shape (documents + 1,).
    """

    keys: Keys
    ngrams: Indices
    starts: NDArray[np.int64]

    def class_counts(self, labels: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
        """Count the documents of each class in which each n-gram occurs.

        Args:
            labels: Class of each document, shape (documents,); a negative label leaves the document out.
            classes: Number of classes.

        Returns:
            Counts, shape (u, classes).
        """
        counts = np.empty((len(self.keys), classes), np.int64)
        lengths = np.diff(self.starts)
        for label in range(classes):
            of_class = self.ngrams[np.repeat(labels == label, lengths)]
            counts[:, label] = np.bincount(of_class, minlength=len(self.keys))
        return counts


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
    documents = np.repeat(np.arange(corpus.size, dtype=np.int32), np.diff(corpus.starts))
    # Which frequent n-gram of the order before begins at a position. Before order 1 the token itself takes
    # that place, followed by nothing.
    prefixes = np.where(corpus.ids == NONE, np.int32(ABSENT), corpus.ids)
    prefix_keys: Keys = np.arange(len(corpus.tokens) + 1)
    last_tokens = np.broadcast_to(np.int32(NONE), len(corpus.ids))
    keys: list[Keys] = []
    first_places = np.full((len(corpus.ids), max_order), ABSENT, np.int32)
    found = 0
    for order in range(1, max_order + 1):
        if order > 1:
            prefixes[:-1][prefixes[1:] == ABSENT] = ABSENT
            last_tokens = corpus.ids[order - 1 :]
        begins = np.full(len(corpus.ids), ABSENT, np.int32)
        order_keys: list[Keys] = [np.empty(0, np.int64)]
        count = 0
        for part in _parts(prefixes, last_tokens, documents, prefix_keys, min_documents):
            begins[part.positions] = part.ngrams + count
            first_places[part.positions[part.first], order - 1] = part.ngrams[part.first] + (found + count)
            order_keys.append(part.keys)
            count += len(part.keys)
        prefixes, prefix_keys = begins, np.concatenate(order_keys) >> (TOKEN_BITS if order == 1 else 0)
        keys.append(prefix_keys)
        found += count
    occurs = first_places != ABSENT
    ends = np.cumsum(occurs.sum(axis=1, dtype=np.int8), dtype=np.int64)
    starts = np.concatenate(([0], ends[corpus.starts[1:] - 1]))
    return Occurrences(np.concatenate(keys), first_places[occurs], starts)


@dataclass(frozen=True)
class _Part:
    """The frequent n-grams of some prefixes, numbered from 0, and every position where one begins.

    Attributes:
        keys: Ascending.
        positions: Sorted by n-gram, then ascending.
        ngrams: Index into `keys` for each position.
        first: Whether a position is the n-gram's first in its document.
    """

    keys: Keys
    positions: Indices
    ngrams: Indices
    first: NDArray[np.bool_]


def _parts(
    prefixes: Indices, last_tokens: Indices, documents: Indices, prefix_keys: Keys, min_documents: int
) -> Iterator[_Part]:
    """Yield what `_count_part` finds for ranges of prefixes that together are all, on all cores."""
    if not len(prefix_keys):
        return
    up_to = np.cumsum(np.bincount(prefixes[prefixes != ABSENT], minlength=len(prefix_keys)))
    full = np.searchsorted(up_to, np.arange(POSITIONS_AT_ONCE, up_to[-1], POSITIONS_AT_ONCE))
    bounds = np.unique(np.concatenate(([0], full + 1, [len(up_to)])))
    with ThreadPoolExecutor(cores()) as pool:  # numpy lets other threads run while it works
        yield from pool.map(
            lambda low, high: _count_part(
                prefixes, last_tokens, documents, prefix_keys, min_documents, low, high
            ),
            bounds[:-1],
            bounds[1:],
        )


def _count_part(
    prefixes: Indices,
    last_tokens: Indices,
    documents: Indices,
    prefix_keys: Keys,
    min_documents: int,
    low: int,
    high: int,
) -> _Part:
    """Group the positions whose prefix is from `low` up to `high` by their n-gram.

    One sort of integers made of prefix, last token and position; sorting them is several times as fast as
    finding the order of the keys.
    """
    positions = np.flatnonzero((prefixes >= low) & (prefixes < high)).astype(np.int32)
    place_bits = max(len(positions) - 1, 1).bit_length()
    ngrams_at = (prefixes[positions] - np.int32(low)).astype(np.int64) << TOKEN_BITS
    ngrams_at |= last_tokens[positions]
    ngrams_at <<= place_bits
    ngrams_at |= np.arange(len(positions))
    ngrams_at.sort()
    positions = positions[ngrams_at & ((1 << place_bits) - 1)]
    ngrams_at >>= place_bits

    starts_ngram = _differs_from_previous(ngrams_at)
    first = starts_ngram | _differs_from_previous(documents[positions])
    group = np.cumsum(starts_ngram, dtype=np.int32) - np.int32(1)
    enough = np.bincount(group[first]) >= min_documents
    kept = enough[group]
    new_index = np.cumsum(enough, dtype=np.int32) - np.int32(1)
    found = ngrams_at[starts_ngram][enough]
    found_keys = prefix_keys[low + (found >> TOKEN_BITS)] << TOKEN_BITS | found & ((1 << TOKEN_BITS) - 1)
    return _Part(found_keys, positions[kept], new_index[group[kept]], first[kept])


def _differs_from_previous(values: NDArray[np.integer]) -> NDArray[np.bool_]:
    differs = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs
