"""Looking up the n-grams of a text in a vocabulary."""

import numpy as np
from numpy.typing import NDArray

from ml_workshop.text.ngrams import UNKNOWN, Keys, ngram_keys
from ml_workshop.text.tokens import tokenize


class _TokenIds(dict[str, int]):
    """Answers UNKNOWN for a token that is not in it, without storing it."""

    def __missing__(self, token: str) -> int:
        return UNKNOWN


class Vocabulary:
    """The n-grams that a model knows."""

    def __init__(self, tokens: list[str], keys: Keys, max_order: int) -> None:
        """Make a vocabulary.

        Args:
            tokens: Tokens; the first has id 1.
            keys: n-gram keys over those ids, ascending, shape (features,).
            max_order: Longest n-gram.
        """
        self.tokens = tokens
        self.keys = keys
        self.max_order = max_order
        self._ids = _TokenIds(zip(tokens, range(1, len(tokens) + 1), strict=True))

    def token_ids(self, text: str) -> Keys:
        """Return the id of each token of a text, UNKNOWN for tokens outside the vocabulary."""
        tokens = tokenize(text)
        return np.fromiter(map(self._ids.__getitem__, tokens), np.int64, len(tokens))

    def features(self, token_ids: Keys) -> NDArray[np.int64]:
        """Return which n-grams of the vocabulary are present.

        Args:
            token_ids: Token ids of one text, shape (n,).

        Returns:
            Feature indices, ascending, each once.
        """
        keys = np.concatenate([ngram_keys(token_ids, order) for order in range(1, self.max_order + 1)])
        position = np.searchsorted(self.keys, keys)
        np.minimum(position, len(self.keys) - 1, out=position)
        return np.unique(position[self.keys[position] == keys])
