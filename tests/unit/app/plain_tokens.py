"""Tokens of a text with negation marked, by a loop over the tokens."""

from ml_workshop.text.tokens import NEGATORS, tokenize


def marked_tokens(text: str) -> list[str]:
    left, marked = 0, []
    for token in tokenize(text):
        left = 0 if token in set('.,;:!?()"*') else left
        marked.append("not_" + token if left else token)
        left = 4 if token in NEGATORS else max(left - 1, 0)
    return marked
