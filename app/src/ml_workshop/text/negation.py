"""Negation marking: words after "not" count as words of their own (Das & Chen 2007; Pang et al. 2002).

Each token after a negator, up to a punctuation mark, takes the prefix MARK: "not very good." has the tokens
`not`, `not_very`, `not_good` and `.`. No token of a text contains an underscore, so none is ambiguous.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml_workshop.text.tokens import tokenize

MARK = "not_"
WINDOW = 4
"""Number of tokens that a negator marks."""

_VERBS = (
    *("ai", "are", "ca", "could", "dare", "did", "does", "do", "had", "has", "have", "is", "may", "might"),
    *("must", "need", "ought", "sha", "should", "was", "were", "wo", "would"),
)
NEGATORS = ["not", "no", "never", "without", "hardly", "nor", *(f"{verb}n't" for verb in _VERBS)]
SCOPE_ENDS = list('.,;:!?()"*')

NEGATOR, SCOPE_END = 1, 2


def kinds_of(tokens: Sequence[str]) -> NDArray[np.int8]:
    """Return for each token NEGATOR, SCOPE_END or 0, shape (tokens,)."""
    kinds = {**dict.fromkeys(NEGATORS, NEGATOR), **dict.fromkeys(SCOPE_ENDS, SCOPE_END)}
    return np.fromiter((kinds.get(token, 0) for token in tokens), np.int8, len(tokens))


def negated_positions(kinds: bytes) -> list[int]:
    """Return the positions of the tokens to mark, some of them more than once.

    Args:
        kinds: See `kinds_of`, for the unmarked tokens of a text.
    """
    positions = []
    negator = kinds.find(NEGATOR)
    while negator >= 0:
        for position in range(negator + 1, min(negator + 1 + WINDOW, len(kinds))):
            if kinds[position] == SCOPE_END:
                break
            positions.append(position)
        negator = kinds.find(NEGATOR, negator + 1)
    return positions


def marked_tokens(text: str) -> list[str]:
    """Return the tokens of a text, marked."""
    tokens = tokenize(text)
    for place in set(negated_positions(kinds_of(tokens).tobytes())):
        tokens[place] = MARK + tokens[place]
    return tokens


def shown(tokens: Sequence[str]) -> str:
    """Return an n-gram as people read it: `not_very not_good` as "not ... very good"."""
    negator = "not ... " if tokens[0].startswith(MARK) else ""
    return negator + " ".join(token.removeprefix(MARK) for token in tokens)
