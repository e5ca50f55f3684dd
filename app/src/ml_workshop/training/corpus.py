"""All texts of a data set as one flat array of token ids."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.text.ngrams import MAX_TOKENS, UNKNOWN, Keys
from ml_workshop.text.tokens import tokenize


class _GrowingIds(dict[str, int]):
    """Gives each token that it has not seen the next free id."""

    def __missing__(self, token: str) -> int:
        self[token] = token_id = len(self) + 1
        return token_id


@dataclass(frozen=True)
class Corpus:
    """Token ids of many documents, one after the other.

    Attributes:
        ids: Token ids, shape (n,); each document ends with one UNKNOWN, so no n-gram spans two documents.
        documents: Index of the document that a position belongs to, shape (n,).
        size: Number of documents.
        tokens: The token of each id; id 1 is the first entry.
    """

    ids: Keys
    documents: NDArray[np.int32]
    size: int
    tokens: list[str]


def read_corpus(texts: Iterable[str]) -> Corpus:
    """Tokenise texts; of more distinct tokens than an id can hold, the ones first seen are kept."""
    vocabulary = _GrowingIds()
    flat = array("q")
    lengths: list[int] = []
    for text in texts:
        before = len(flat)
        flat.extend(map(vocabulary.__getitem__, tokenize(text)))
        flat.append(UNKNOWN)
        lengths.append(len(flat) - before)
    ids = np.frombuffer(flat, dtype=np.int64) if flat else np.empty(0, np.int64)
    documents = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    return Corpus(np.minimum(ids, UNKNOWN), documents, len(lengths), list(vocabulary)[:MAX_TOKENS])
