"""Splitting a review into tokens."""

import re

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
