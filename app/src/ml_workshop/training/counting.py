"""Counting the documents of each class that have an n-gram, in bounded memory.

The documents are counted block by block; each block leaves a run of n-grams with counts on disk, in ascending
order. The runs are then merged range by range.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_workshop.text.ngrams import MAX_TOKENS, TOKEN_BITS, Keys
from ml_workshop.training.corpus import MARKED, NO_LABEL, Block, Corpus, Labels
from ml_workshop.training.spill import Spill

MERGED_VALUES = 1 << 22
"""Most counts that are merged at a time, about: 100 MB."""

PACKED_BITS = 63

_SAMPLED = 1 << 12
"""Every n-th n-gram of a run is remembered, to find places in it."""

_FILTER_BITS = 27
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)

Counts = NDArray[np.int64]


class Counted(NamedTuple):
    """n-grams and the documents of each class that have them.

    Attributes:
        keys: Keys of the n-grams, ascending, shape (u,).
        counts: Documents with each n-gram, by class, shape (u, classes).
    """

    keys: Keys
    counts: Counts


class TokenNumbers:
    """Numbers of the frequent tokens of a corpus, marked and not; n-gram keys are made of these.

    Attributes:
        ids: Ids of the tokens in the corpus, ascending, shape (tokens,); number 1 is the first.
    """

    def __init__(self, ids: NDArray[np.int64]) -> None:
        """Number some tokens."""
        self.ids = ids
        self._numbers = np.zeros(2 * MARKED, np.int32)
        self._numbers[ids] = np.arange(1, len(ids) + 1)

    def of(self, block: Block) -> NDArray[np.int32]:
        """Return the number of each token, 0 for the others and where a document ends."""
        numbers: NDArray[np.int32] = self._numbers[block.ids]
        return numbers


def count_ngrams(
    corpus: Corpus, labels: Labels, classes: int, max_order: int, min_documents: int
) -> tuple[TokenNumbers, Iterator[Counted]]:
    """Count the n-grams that occur in enough documents.

    An n-gram can only be frequent when both (n-1)-grams inside it are, as in the Apriori algorithm
    (Agrawal & Srikant 1994), so each order only sorts what the order before left over.

    Args:
        corpus: The documents.
        labels: Class of each, NO_LABEL to leave it out, shape (documents,).
        classes: Number of classes.
        max_order: Longest n-gram.
        min_documents: Fewest documents that an n-gram has to occur in.

    Returns:
        The tokens that occur in enough documents, and the n-grams made of them, in ascending order of keys,
        some at a time.
    """
    tokens = [_frequent(part, min_documents) for part in _count(corpus, labels, classes, None, 1)]
    found = Counted(*(np.concatenate(parts) for parts in zip(*tokens, strict=True)))
    if len(found.keys) > MAX_TOKENS:
        most = np.sort(np.argsort(-found.counts.sum(axis=1), kind="stable")[:MAX_TOKENS])
        found = Counted(found.keys[most], found.counts[most])
    numbers = TokenNumbers(found.keys)

    def ngrams() -> Iterator[Counted]:
        yield Counted(np.arange(1, len(found.keys) + 1), found.counts)
        previous = None
        for order in range(2, max_order + 1):
            frequent = PairFilter()
            for part in _count(corpus, labels, classes, numbers, order, previous):
                kept = _frequent(part, min_documents)
                if order == 2:
                    frequent.add(kept.keys)
                yield kept
            previous = previous or frequent

    return numbers, ngrams()


class PairFilter:
    """A set of pairs of tokens, in which about one in ten of the others seems to be, too."""

    def __init__(self) -> None:
        """Make an empty one."""
        self._bits = np.zeros(1 << (_FILTER_BITS - 3), np.uint8)

    def add(self, pairs: Keys) -> None:
        """Add pairs of tokens."""
        place, bit = self._places(pairs)
        np.bitwise_or.at(self._bits, place, bit)

    def has(self, pairs: Keys) -> NDArray[np.bool_]:
        """Return which of some pairs are in the set."""
        place, bit = self._places(pairs)
        present: NDArray[np.bool_] = self._bits[place] & bit != 0
        return present

    def _places(self, pairs: Keys) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        hashes = (pairs.view(np.uint64) * _MULTIPLIER >> np.uint64(64 - _FILTER_BITS)).view(np.int64)
        return hashes >> 3, np.left_shift(1, hashes & 7).astype(np.uint8)


def _frequent(counted: Counted, min_documents: int) -> Counted:
    enough = counted.counts.sum(axis=1) >= min_documents
    return Counted(counted.keys[enough], counted.counts[enough])


def _count(
    corpus: Corpus,
    labels: Labels,
    classes: int,
    numbers: TokenNumbers | None,
    order: int,
    pairs: PairFilter | None = None,
) -> Iterator[Counted]:
    """Yield the n-grams of one order, ascending, some at a time."""
    runs = _Runs(corpus, classes)
    for block in corpus.blocks(labels != NO_LABEL):
        tokens = numbers.of(block) if numbers else block.ids
        places = _ngram_places(tokens, order, pairs)
        for part in _count_places(tokens, places, block, labels, classes, order):
            runs.append(part)
    yield from runs.merged()


def _ngram_places(tokens: NDArray[np.int32], order: int, pairs: PairFilter | None) -> NDArray[np.int64]:
    """Return where n-grams of an order begin."""
    is_token = tokens != 0
    begins = is_token[: len(tokens) - order + 1].copy()
    for offset in range(1, order):
        begins &= is_token[offset : len(tokens) - order + 1 + offset]
    if pairs is not None:
        wide = tokens.astype(np.int64)
        frequent = pairs.has(wide[:-1] << TOKEN_BITS | wide[1:])
        for offset in range(order - 1):
            begins &= frequent[offset : offset + len(begins)]
    return np.flatnonzero(begins)


def _count_places(
    tokens: NDArray[np.int32],
    places: NDArray[np.int64],
    block: Block,
    labels: Labels,
    classes: int,
    order: int,
) -> Iterator[Counted]:
    """Count the n-grams that begin at some places of a block.

    One sort of integers made of the tokens, renumbered within the block, and the document. If these do not
    fit 64 bits, each half of the documents is counted on its own.
    """
    if not len(places):
        return
    ngrams = [tokens[places + offset] for offset in range(order)]
    present = np.zeros(max(int(part.max()) for part in ngrams) + 1, np.bool_)
    for part in ngrams:
        present[part] = True
    used = np.flatnonzero(present)
    token_bits = max((len(used) - 1).bit_length(), 1)
    documents = block.documents[places]
    first, last = int(documents[0]), int(documents[-1])
    document_bits = (last - first).bit_length()
    if order * token_bits + document_bits > PACKED_BITS:  # never of one document
        half = np.searchsorted(documents, (first + last) // 2 + 1)
        for some in (places[:half], places[half:]):
            yield from _count_places(tokens, some, block, labels, classes, order)
        return
    renumbered = np.zeros(len(present), np.int64)
    renumbered[used] = np.arange(len(used))
    packed = renumbered[ngrams[0]]
    for part in ngrams[1:]:
        packed <<= token_bits
        packed |= renumbered[part]
    packed <<= document_bits
    packed |= documents - first
    packed.sort()
    packed = packed[_differs_from_previous(packed)]
    label = labels[block.first + first + (packed & ((1 << document_bits) - 1))]
    packed >>= document_bits
    begins = _differs_from_previous(packed)
    group = np.cumsum(begins) - 1
    group *= classes
    group += label
    packed = packed[begins]
    counts = np.bincount(group, minlength=len(packed) * classes).reshape(-1, classes)
    keys = np.zeros(len(packed), np.int64)
    for place in range(order - 1, -1, -1):
        keys <<= TOKEN_BITS
        keys |= used[packed >> (place * token_bits) & ((1 << token_bits) - 1)]
    yield Counted(keys, counts)


class _Runs:
    """Counted n-grams on disk, each run ascending."""

    def __init__(self, corpus: Corpus, classes: int) -> None:
        self._keys = Spill(np.int64, corpus.directory)
        self._counts = Spill(np.uint16, corpus.directory)  # of a block: at most its documents
        self._classes = classes
        self._begins: list[int] = []
        self._samples: list[Keys] = []

    def append(self, run: Counted) -> None:
        self._begins.append(self._keys.size)
        self._samples.append(run.keys[::_SAMPLED].copy())
        self._keys.append(run.keys)
        self._counts.append(run.counts)

    def merged(self) -> Iterator[Counted]:
        if not self._begins:
            yield Counted(np.empty(0, np.int64), np.empty((0, self._classes), np.int64))
            return
        samples = np.sort(np.concatenate(self._samples))
        step = max(MERGED_VALUES // (_SAMPLED * self._classes), 1)
        cuts = np.unique(samples[step::step])
        ends = [*self._begins[1:], self._keys.size]
        places = [self._places(run, end, cuts) for run, end in enumerate(ends)]
        for part in range(len(cuts) + 1):
            ranges = [(its[part], its[part + 1]) for its in places if its[part] < its[part + 1]]
            keys = self._keys.read_many(ranges)
            counts = self._counts.read_many([(b * self._classes, e * self._classes) for b, e in ranges])
            yield _summed(keys, counts.reshape(-1, self._classes))

    def _places(self, run: int, end: int, cuts: Keys) -> list[int]:
        """Return where a run begins, where each of some keys would be in it, and where it ends."""
        begin, samples = self._begins[run], self._samples[run]
        places = [begin]
        for cut, sample in zip(cuts, np.searchsorted(samples, cuts).tolist(), strict=True):
            low = begin + max(sample - 1, 0) * _SAMPLED
            keys = self._keys.read(low, min(low + _SAMPLED, end))
            places.append(low + int(np.searchsorted(keys, cut)))
        return [*places, end]


def _summed(keys: Keys, counts: NDArray[np.uint16]) -> Counted:
    order = np.argsort(keys)
    keys = keys[order]
    begins = np.flatnonzero(_differs_from_previous(keys))
    if not len(begins):
        return Counted(keys, counts.astype(np.int64))
    columns = [np.add.reduceat(column[order], begins, dtype=np.int64) for column in counts.T]
    return Counted(keys[begins], np.stack(columns, axis=1))


def _differs_from_previous(values: NDArray[np.integer]) -> NDArray[np.bool_]:
    differs = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs
