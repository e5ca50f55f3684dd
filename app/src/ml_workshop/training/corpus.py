"""All texts of a data set as token ids on disk."""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_workshop.data.dataset import Split, rechunk
from ml_workshop.processes import even_shares, side_by_side
from ml_workshop.text.ngrams import MAX_TOKENS, TOKEN_BITS
from ml_workshop.text.tokens import MARK, SCOPE_END, kinds_of, negated_positions, tokenize
from ml_workshop.training.spill import Spill

NONE = 0
"""Id at the end of each document, and of tokens for which no id is left; no n-gram contains it."""

MARKED = 1 << TOKEN_BITS
"""Added to the id of a token that follows a negator."""

NO_LABEL = -1

BLOCK_DOCUMENTS = 1 << 13
BLOCK_TOKENS = 1 << 20
"""Most that is in memory at a time; a single document may be longer."""

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """Some consecutive documents of a corpus.

    Attributes:
        first: Number of the first document.
        size: Number of documents.
        ids: Token ids of these documents, shape (n,).
        documents: The document of each token, from 0, shape (n,).
    """

    first: int
    size: int
    ids: NDArray[np.int32]
    documents: NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """Token ids of many documents, one after the other.

    Attributes:
        ids: Token ids, MARKED or not; each document ends with NONE, so no n-gram spans two.
        starts: Offset of each document in `ids`, then the end of the last one, shape (documents + 1,).
        tokens: The token of each id; id 1 is the first entry.
        labels: Class of each document, NO_LABEL for unlabelled ones, shape (documents,).
        hashes: Hash of each text, shape (documents,).
        directory: Directory of temporary files.
    """

    ids: Spill
    starts: NDArray[np.int64]
    tokens: list[str]
    labels: Labels
    hashes: NDArray[np.uint64]
    directory: Path

    @property
    def size(self) -> int:
        """Number of documents."""
        return len(self.starts) - 1

    def text(self, token_id: int) -> str:
        """Return a token, with its mark."""
        return (MARK if token_id & MARKED else "") + self.tokens[(token_id & ~MARKED) - 1]

    def blocks(self, chosen: NDArray[np.bool_]) -> Iterator[Block]:
        """Yield the documents that are chosen, up to BLOCK_DOCUMENTS and BLOCK_TOKENS at a time.

        Args:
            chosen: Mask of the documents to yield, shape (documents,).
        """
        first = 0
        while first < self.size:
            fitting = np.searchsorted(self.starts, self.starts[first] + BLOCK_TOKENS, side="right") - 1
            end = int(min(max(fitting, first + 1), first + BLOCK_DOCUMENTS, self.size))
            its_chosen = chosen[first:end]
            if its_chosen.any():
                ids = self.ids.read(int(self.starts[first]), int(self.starts[end]))
                documents = np.repeat(np.arange(end - first), np.diff(self.starts[first : end + 1]))
                if not its_chosen.all():
                    kept = its_chosen[documents]
                    ids, documents = ids[kept], documents[kept]
                yield Block(first, end - first, ids, documents)
            first = end


class _GrowingIds(dict[str, int]):
    """Maps each new token to the next free id, while there is one."""

    def __missing__(self, token: str) -> int:
        if len(self) == MAX_TOKENS:
            return NONE
        self[token] = token_id = len(self) + 1
        return token_id


def read_corpus(batches: Iterable[Split], directory: Path) -> Corpus:
    """Tokenise texts on all cores.

    Tokens are numbered as they are first seen, so the result does not depend on the number of cores.
    Of more distinct tokens than an id can hold, the first ones have an id.

    Args:
        batches: The rows; without labels if they have none.
        directory: Directory for temporary files.
    """
    vocabulary = _GrowingIds()
    ids = Spill(np.int32, directory)
    lengths, hashes, labels = [], [], []
    for chunk in rechunk(batches):
        labels.append(np.array(chunk.labels or [NO_LABEL] * len(chunk), np.int64))
        for part in side_by_side(_read, [(share,) for share in even_shares(chunk.texts)]):
            new_ids = np.array([NONE, *map(vocabulary.__getitem__, part.tokens)], np.int32)
            its_ids = new_ids[part.ids & ~MARKED]
            its_ids |= np.where(its_ids == NONE, 0, part.ids & MARKED)
            ids.append(its_ids)
            lengths.append(part.lengths)
            hashes.append(part.hashes)
    starts = np.concatenate(([0], np.cumsum(np.concatenate(lengths), dtype=np.int64)))
    return Corpus(ids, starts, list(vocabulary), np.concatenate(labels), np.concatenate(hashes), directory)


def text_hashes(texts: Sequence[str]) -> NDArray[np.uint64]:
    """Return a hash of each text that is the same everywhere, shape (texts,)."""
    encoded = (text.encode("utf-8", "surrogatepass") for text in texts)
    digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in encoded)
    return np.frombuffer(digests, np.dtype("<u8"))


@dataclass(frozen=True)
class _Part:
    tokens: list[str]
    ids: NDArray[np.int32]
    lengths: NDArray[np.int64]
    hashes: NDArray[np.uint64]


def _read(texts: Sequence[str]) -> _Part:
    vocabulary = _GrowingIds()
    flat = array("i")
    lengths = np.zeros(len(texts), np.int64)
    for number, text in enumerate(texts):
        before = len(flat)
        flat.extend(map(vocabulary.__getitem__, tokenize(text)))
        flat.append(NONE)
        lengths[number] = len(flat) - before
    tokens, ids = list(vocabulary), np.array(flat, np.int32)
    kinds = kinds_of(["", *tokens])
    kinds[NONE] = SCOPE_END
    ids[negated_positions(kinds[ids].tobytes())] |= MARKED
    return _Part(tokens, ids, lengths, text_hashes(texts))
