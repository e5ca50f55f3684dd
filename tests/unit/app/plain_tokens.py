"""Tokens of a text with negation marked, the obvious way."""

from ml_workshop.text.tokens import tokenize

NEGATORS = {"not", "no", "never", "without", "hardly", "nor"}


def marked_tokens(text: str) -> list[str]:
    left, marked = 0, []
    for token in tokenize(text):
        left = 0 if token in set('.,;:!?()"*') else left
        marked.append("not_" + token if left else token)
        left = 4 if token in NEGATORS or token.endswith("n't") else max(left - 1, 0)
    return marked
