"""Writes train.jsonl and test.jsonl: `python -m ml_workshop.data.sample.generate`.

Every review is composed from the phrases in `phrases.py`; none is anybody's. The test rows use films, people
and a share of the judgements that no training row uses, and many rows carry praise or blame against their
label: a model has to weigh words, and does not reach 100 %.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ml_workshop.data.sample import phrases

SEED = 7
SIZES = {"train": 600, "test": 200}
LABELS = {"negative": 0, "positive": 1}


@dataclass(frozen=True)
class _Words:
    """The part of the phrases that one split may use."""

    titles: list[str]
    people: list[str]
    judgements: dict[str, list[str]]
    verdicts: dict[str, list[str]]


def _divide(words: list[str], generator: random.Random, kept: float) -> dict[str, list[str]]:
    """Keep a share for training; the test sees the rest, and half of what training saw."""
    shuffled = generator.sample(words, len(words))
    edge = round(len(words) * kept)
    return {"train": shuffled[:edge], "test": shuffled[edge:] + shuffled[: edge // 2]}


def _words(generator: random.Random) -> dict[str, _Words]:
    titles = _divide(phrases.TITLES, generator, 0.7)
    people = _divide(phrases.PEOPLE, generator, 0.7)
    judgements = {label: _divide(phrases.JUDGEMENTS[label], generator, 0.8) for label in LABELS}
    verdicts = {label: _divide(phrases.VERDICTS[label], generator, 0.75) for label in LABELS}
    return {
        split: _Words(
            titles[split],
            people[split],
            {label: judgements[label][split] for label in LABELS},
            {label: verdicts[label][split] for label in LABELS},
        )
        for split in SIZES
    }


def _review(label: str, words: _Words, generator: random.Random) -> str:
    other = "negative" if label == "positive" else "positive"
    agreeing = generator.randint(3, 6)
    opposing = generator.choices((0, 1, 2), weights=(4, 4, 2))[0]
    sentences = generator.sample(words.judgements[label], agreeing)
    for sentence in generator.sample(words.judgements[other], min(opposing, agreeing)):
        joined = generator.choice(phrases.CONCESSIONS).format(sentence[0].lower() + sentence[1:].rstrip("."))
        sentences.insert(generator.randrange(len(sentences)), joined)
    sentences = generator.sample(phrases.OPENINGS, 1) + generator.sample(phrases.PLOTS, 1) + sentences
    if generator.random() < 0.7:
        sentences.append(generator.choice(words.verdicts[label]))
    names = generator.sample(words.people, 2)
    filled = (
        sentence.replace("{title}", generator.choice(words.titles))
        .replace("{lead}", names[0])
        .replace("{director}", names[1])
        .replace("{place}", generator.choice(phrases.PLACES))
        .replace("{part}", generator.choice(phrases.PARTS))
        .replace("{good}", generator.choice(phrases.ADJECTIVES["positive"]))
        .replace("{bad}", generator.choice(phrases.ADJECTIVES["negative"]))
        for sentence in sentences
    )
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in filled)


def rows(split: str) -> Iterator[dict[str, str | int]]:
    """Yield the rows of a split: text and label, both classes alike."""
    words = _words(random.Random(SEED))[split]  # noqa: S311  (no secret)
    generator = random.Random(f"{SEED} {split}")  # noqa: S311
    labels = [label for label in LABELS for _ in range(SIZES[split] // 2)]
    generator.shuffle(labels)
    for label in labels:
        yield {"text": _review(label, words, generator), "label": LABELS[label]}


def main() -> None:
    """Write both files beside this one."""
    for split in SIZES:
        lines = "".join(json.dumps(row) + "\n" for row in rows(split))
        Path(__file__).with_name(f"{split}.jsonl").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
