"""Splitting a review into tokens, and marking those that are negated.

After "not", words count as words of their own (Das & Chen 2007; Pang et al. 2002). Each token after a
negator, up to a punctuation mark, takes the prefix MARK: "not very good." has the tokens `not`, `not_very`,
`not_good` and `.`. No token of a text contains an underscore, so none is ambiguous.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Emoji, and letters of scripts that put no space between words (Thai to Khmer, kana, Chinese): each is a
# token, and n-grams make the words.
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9d\u2600-\u27bf\U0001f300-\U0001faff\U00020000-\U0003ffff"
)
# Words keep an inner apostrophe ("don't"); punctuation that carries tone is a separate token.
_MARKS = '!?.,;:()"*-'
_TOKEN = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+(?:'[^\W_{_ALONE}]+)?|[{_MARKS}]")

# Lower-case ASCII texts are split at spaces, in two thirds of the time that the expression takes.
_SPACED_MARKS = {mark: f" {mark} " for mark in _MARKS}
_OTHERS_TO_SPACES = "".join(c if c.isalnum() or c in f"{_MARKS}'" else " " for c in map(chr, range(128)))
_QUOTE_WITHIN = re.compile("'(?:[ ']|[a-z0-9]+')")

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


def tokenize(text: str) -> list[str]:
    """Split a text into lower-case words and punctuation marks.

    Args:
        text: Any text; HTML line breaks and typographic apostrophes, frequent in reviews, are normalised.

    Returns:
        The tokens in order of appearance. Empty for a text without letters, digits or punctuation.
    """
    text = text.lower().replace("<br />", " ").replace("\u2019", "'")
    return _ascii_tokens(text) if text.isascii() else _TOKEN.findall(text)


def _ascii_tokens(text: str) -> list[str]:
    spaced = text.translate(_OTHERS_TO_SPACES)
    for mark, spaced_mark in _SPACED_MARKS.items():
        if mark in spaced:
            spaced = spaced.replace(mark, spaced_mark)
    if "'" in spaced:
        spaced = f" {spaced} ".replace(" '", " ").replace("' ", " ")
        if " '" in spaced or _QUOTE_WITHIN.search(spaced):  # such as ''good'' and rock'n'roll
            return _TOKEN.findall(text)
    return spaced.split()


def token_spans(text: str) -> list[tuple[int, int]]:
    """Return the places of the tokens of `tokenize` in a text.

    Returns:
        Start and end of each token in Unicode code points: text[start:end] is the original token.
    """
    lowered = text.lower()
    places = None
    if len(lowered) != len(text):  # a few letters become two, such as the Turkish capital dotted I
        places = [place for place, letter in enumerate(text) for _ in letter.lower()]
    same_length = lowered.replace("<br />", " " * 6).replace("\u2019", "'")
    spans = [match.span() for match in _TOKEN.finditer(same_length)]
    return spans if places is None else [(places[start], places[end - 1] + 1) for start, end in spans]


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
