"""Tokens of a text with negation marked, and its n-grams, by plain loops."""

from ml_workshop.text.tokens import NEGATORS, tokenize


def marked_tokens(text: str) -> list[str]:
    left, marked = 0, []
    for token in tokenize(text):
        left = 0 if token in set('.,;:!?()"*') else left
        marked.append("not_" + token if left else token)
        left = 4 if token in NEGATORS else max(left - 1, 0)
    return marked


def all_ngrams(text: str) -> set[tuple[str, ...]]:
    """Return the n-grams of one to three tokens."""
    tokens = marked_tokens(text)
    return {tuple(tokens[i : i + order]) for order in (1, 2, 3) for i in range(len(tokens) - order + 1)}
