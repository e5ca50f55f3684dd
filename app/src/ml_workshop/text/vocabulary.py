"""Looking up the n-grams of a text in a vocabulary."""

from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from ml_workshop.text.ngrams import UNKNOWN, Keys, Lookup, ngrams_up_to
from ml_workshop.text.tokens import MARK, NEGATORS, SCOPE_ENDS, kinds_of, negated_positions, tokenize


class Vocabulary:
    """The n-grams of a model."""

    def __init__(self, tokens: list[str], keys: Keys, max_order: int, marks_negation: bool = True) -> None:
        """Make a vocabulary.

        Args:
            tokens: Tokens; the first has id 1.
            keys: n-gram keys over those ids, ascending, each once, shape (features,).
            max_order: Longest n-gram.
            marks_negation: Whether words after a negator are tokens of their own.
        """
        self.tokens = tokens
        self.keys = keys
        self.max_order = max_order
        self._lookup = Lookup(keys)
        self._marks_negation = marks_negation
        ids = dict(zip(tokens, range(1, len(tokens) + 1), strict=True))
        # Negators and what ends their scope are recognised in any case, also where no n-gram has them.
        words = list(dict.fromkeys([*NEGATORS, *SCOPE_ENDS, *(token.removeprefix(MARK) for token in tokens)]))
        self._rows = dict(zip(words, range(1, len(words) + 1), strict=True))
        self._ids = np.array([UNKNOWN, *(ids.get(word, UNKNOWN) for word in words)])
        self._marked_ids = np.array([UNKNOWN, *(ids.get(MARK + word, UNKNOWN) for word in words)])
        self._kinds = kinds_of(["", *words])

    def token_ids(self, text: str) -> Keys:
        """Return the id of each token of a text, UNKNOWN for tokens outside the vocabulary."""
        tokens = tokenize(text)
        rows = np.fromiter(map(self._rows.get, tokens, repeat(0)), np.intp, len(tokens))
        ids: Keys = self._ids.take(rows)
        if self._marks_negation and (negated := negated_positions(self._kinds.take(rows).tobytes())):
            ids[negated] = self._marked_ids.take(rows.take(negated))
        return ids

    def features(self, token_ids: Keys) -> NDArray[np.int32]:
        """Return which n-grams of the vocabulary are present.

        Args:
            token_ids: Token ids of one text, shape (n,).

        Returns:
            Feature indices, ascending, each once.
        """
        return self._lookup.present(ngrams_up_to(token_ids, self.max_order))
