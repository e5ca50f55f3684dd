"""All texts of a data set as one flat array of token ids."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.processes import even_shares, side_by_side
from ml_workshop.text.negation import MARK, SCOPE_END, kinds_of, negated_positions
from ml_workshop.text.ngrams import MAX_TOKENS
from ml_workshop.text.tokens import tokenize

NONE = 0
"""Stands where a document ends, and for tokens beyond what an id can hold; no n-gram contains it."""


@dataclass(frozen=True)
class Corpus:
    """Token ids of many documents, one after the other.

    Attributes:
        ids: Token ids, shape (n,); each document ends with NONE, so no n-gram spans two.
        starts: Where each document begins, with the end of the last, shape (documents + 1,).
        tokens: The token of each id; id 1 is the first entry.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    tokens: list[str]

    @property
    def size(self) -> int:
        """Number of documents."""
        return len(self.starts) - 1


class _GrowingIds(dict[str, int]):
    """Gives each token that it has not seen the next free id."""

    def __missing__(self, token: str) -> int:
        self[token] = token_id = len(self) + 1
        return token_id


def read_corpus(texts: Sequence[str]) -> Corpus:
    """Tokenise texts on all cores.

    Tokens are numbered as they are first seen, so the result does not depend on the number of cores.
    Of more distinct tokens than an id can hold, the first ones have an id.
    """
    vocabulary = _GrowingIds()
    ids, lengths = [], []
    for its_tokens, its_ids, its_lengths in side_by_side(_read, [(share,) for share in even_shares(texts)]):
        new_ids = np.array([NONE, *map(vocabulary.__getitem__, its_tokens)], np.int32)
        new_ids[new_ids > MAX_TOKENS] = NONE
        ids.append(new_ids[its_ids])
        lengths.append(its_lengths)
    starts = np.concatenate(([0], np.cumsum(np.concatenate(lengths), dtype=np.int64)))
    all_ids, tokens = np.concatenate(ids), list(vocabulary)[:MAX_TOKENS]
    tokens += _mark_negation(all_ids, tokens)
    return Corpus(all_ids, starts, tokens[:MAX_TOKENS])


def _mark_negation(ids: NDArray[np.int32], tokens: list[str]) -> list[str]:
    """Give words after a negator ids of their own, in place, and return their tokens."""
    kinds = kinds_of(["", *tokens])
    kinds[NONE] = SCOPE_END
    negated = negated_positions(kinds[ids])
    words = np.unique(ids[negated])
    marked_ids = (len(tokens) + 1 + np.arange(len(words))).astype(np.int32)
    marked_ids[marked_ids > MAX_TOKENS] = NONE
    ids[negated] = marked_ids[np.searchsorted(words, ids[negated])]
    return [MARK + tokens[word - 1] for word in words.tolist()]


def _read(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int32], NDArray[np.int64]]:
    vocabulary = _GrowingIds()
    flat = array("i")
    lengths = np.zeros(len(texts), np.int64)
    for number, text in enumerate(texts):
        before = len(flat)
        flat.extend(map(vocabulary.__getitem__, tokenize(text)))
        flat.append(NONE)
        lengths[number] = len(flat) - before
    return list(vocabulary), np.array(flat, np.int32), lengths
