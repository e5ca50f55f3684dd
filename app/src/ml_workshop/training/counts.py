"""Counts of n-grams that another program has made (docs/scaling.md)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_workshop.errors import DataError
from ml_workshop.text.ngrams import MAX_ORDER, TOKEN_BITS
from ml_workshop.text.tokens import MARK, marked_tokens
from ml_workshop.training.corpus import MARKED, Corpus, text_hashes
from ml_workshop.training.counting import Counted, TokenNumbers
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.splitting import held_out_hashes

ALL_DOCUMENTS = ""
"""The n-gram that every document has."""

_BATCH_ROWS = 1 << 16


def document_ngrams(text: str) -> list[str]:
    """Return the n-grams of a text, each once, tokens separated by blanks; and ALL_DOCUMENTS."""
    tokens = marked_tokens(text)
    ngrams = (
        " ".join(tokens[place : place + order])
        for order in range(1, MAX_ORDER + 1)
        for place in range(len(tokens) - order + 1)
    )
    return [ALL_DOCUMENTS, *dict.fromkeys(ngrams)]


def is_held_out(text: str, seed: int) -> bool:
    """Return whether a text is held out for validation by a training with this seed."""
    return bool(held_out_hashes(text_hashes([text]), Recipe.validation_share, seed)[0])


class Counts:
    """Files of counts: DIR/*.parquet, rows in any order.

    Columns: `ngram`, as from `document_ngrams`; `documents`, a list of how many documents of each class have
    it; `held_out`, the same of those for which `is_held_out` is true.
    """

    def __init__(self, directory: Path, corpus: Corpus, held_out: NDArray[np.bool_], classes: int) -> None:
        """Check that the counts are those of a data set.

        Args:
            directory: Directory of the files.
            corpus: All rows.
            held_out: Mask of the rows for validation, shape (n,).
            classes: Number of classes.

        Raises:
            DataError: The counts cannot be read, or are those of other rows.
        """
        self._corpus = corpus
        self._classes = classes
        self._files = sorted(directory.glob("*.parquet"))
        if not self._files:
            raise DataError(f"{directory} has no *.parquet with counts of n-grams (docs/scaling.md).")
        counted = [row for batch in self._batches() for row in batch if row[0] == ALL_DOCUMENTS]
        expected = (
            np.bincount(corpus.labels, minlength=classes).tolist(),
            np.bincount(corpus.labels[held_out], minlength=classes).tolist(),
        )
        if [row[1:] for row in counted] != [expected]:
            found = " and ".join(f"{row[1]}, held out {row[2]}" for row in counted) or "no such row"
            raise DataError(
                f"{directory}: the empty n-gram, which counts all rows, has {found}; the data set has "
                f"{expected[0]}, held out {expected[1]}. Count the same rows with the same seed."
            )

    def read(
        self, seen_only: bool, max_order: int, min_documents: int
    ) -> tuple[TokenNumbers, Iterator[Counted]]:
        """Read the n-grams that occur in enough documents; see `ml_workshop.training.counting.count_ngrams`.

        Args:
            seen_only: Whether to leave out the rows held out.
            max_order: Longest n-gram.
            min_documents: Fewest documents that an n-gram has to occur in.
        """
        ids = dict(zip(self._corpus.tokens, range(1, len(self._corpus.tokens) + 1), strict=True))
        marked = {MARK + token: token_id | MARKED for token, token_id in ids.items()}
        known = ids | marked
        single = [known[ngram] for ngram, _ in self._frequent(seen_only, min_documents) if ngram in known]
        numbers = TokenNumbers(np.sort(np.array(single, np.int64)))
        number_of = dict(zip(numbers.ids.tolist(), range(1, len(single) + 1), strict=True))
        tokens = {token: number_of[token_id] for token, token_id in known.items() if token_id in number_of}

        def ngrams() -> Iterator[Counted]:
            keys: list[int] = []
            counts: list[NDArray[np.int64]] = []
            for ngram, its_counts in self._frequent(seen_only, min_documents):
                parts = [tokens.get(token, 0) for token in ngram.split(" ")]
                if all(parts) and len(parts) <= max_order:
                    keys.append(sum(part << TOKEN_BITS * place for place, part in enumerate(parts[::-1])))
                    counts.append(its_counts)
                if len(keys) == _BATCH_ROWS:
                    yield Counted(np.array(keys), np.array(counts))
                    keys, counts = [], []
            if keys:
                yield Counted(np.array(keys), np.array(counts))

        return numbers, ngrams()

    def _frequent(self, seen_only: bool, min_documents: int) -> Iterator[tuple[str, NDArray[np.int64]]]:
        for batch in self._batches():
            for ngram, documents, held_out in batch:
                counts = np.array(documents)
                if seen_only:
                    counts -= held_out
                if counts.sum() >= min_documents:
                    yield ngram, counts

    def _batches(self) -> Iterator[list[tuple[str, list[int], list[int]]]]:
        import pyarrow.parquet  # type: ignore[import-untyped]

        columns = ["ngram", "documents", "held_out"]
        for path in self._files:
            try:
                with pyarrow.parquet.ParquetFile(path) as file:
                    for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
                        values: Any = [batch.column(name).to_pylist() for name in columns]
                        yield list(zip(*values, strict=True))
            except (OSError, pyarrow.ArrowException, ValueError) as error:
                raise DataError(f"{path} cannot be read as counts of n-grams: {error}.") from error
