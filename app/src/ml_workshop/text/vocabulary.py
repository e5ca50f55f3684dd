"""Looking up the n-grams of a text in a vocabulary."""

from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from ml_workshop.text.lookup import Lookup
from ml_workshop.text.ngrams import UNKNOWN, Keys, ngrams_up_to
from ml_workshop.text.tokens import tokenize


class Vocabulary:
    """The n-grams that a model knows."""

    def __init__(self, tokens: list[str], keys: Keys, max_order: int) -> None:
        """Make a vocabulary.

        Args:
            tokens: Tokens; the first has id 1.
            keys: n-gram keys over those ids, ascending, each once, shape (features,).
            max_order: Longest n-gram.
        """
        self.tokens = tokens
        self.keys = keys
        self.max_order = max_order
        self._lookup = Lookup(keys)
        self._ids = dict(zip(tokens, range(1, len(tokens) + 1), strict=True))

    def token_ids(self, text: str) -> Keys:
        """Return the id of each token of a text, UNKNOWN for tokens outside the vocabulary."""
        tokens = tokenize(text)
        return np.fromiter(map(self._ids.get, tokens, repeat(UNKNOWN)), np.int64, len(tokens))

    def features(self, token_ids: Keys) -> NDArray[np.int32]:
        """Return which n-grams of the vocabulary are present.

        Args:
            token_ids: Token ids of one text, shape (n,).

        Returns:
            Feature indices, ascending, each once.
        """
        return self._lookup.present(ngrams_up_to(token_ids, self.max_order))
