"""Splitting a review into tokens."""

import re

# Words keep an inner apostrophe ("don't"); the punctuation that carries tone is a token of its own.
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[!?.,;:()\"*-]")
_ASCII_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)?|[!?.,;:()\"*-]")  # the same there, in half the time


def tokenize(text: str) -> list[str]:
    """Split a text into lower-case words and punctuation marks.

    Args:
        text: Any text; HTML line breaks and typographic apostrophes, frequent in reviews, are normalised.

    Returns:
        The tokens in order of appearance. Empty for a text without letters, digits or punctuation.
    """
    text = text.lower().replace("<br />", " ").replace("\u2019", "'")
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)
