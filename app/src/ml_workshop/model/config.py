"""config.json of a model directory."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ml_workshop.errors import ModelError
from ml_workshop.text.ngrams import MAX_ORDER

FORMAT = 2
"""Since format 2, words after a negator are tokens of their own."""

_READABLE = (1, 2)


@dataclass(frozen=True)
class Golden:
    """A made-up review and its prediction at training time.

    Attributes:
        text: Composed of n-grams with large weights of one class, so no row of the data set is published.
        prediction: Class index.
        probability: Probability of that class.
    """

    text: str
    prediction: int
    probability: float


@dataclass(frozen=True)
class Config:
    """Description of a model: everything but its tensors and its vocabulary.

    Attributes:
        label_names: Name of each class index, two or more.
        input_size: Number of n-grams in the vocabulary.
        hidden_size: Width of the hidden layer.
        max_order: Longest n-gram, in tokens.
        dataset: Name of the training data.
        fingerprint: Hash of everything that determined the result.
        created: Time of the training, ISO 8601 with a time zone.
        trained_by: Version of ml-workshop.
        recipe: Hyper-parameters.
        golden: Reviews that the model must classify as it did when it was trained, one or more.
    """

    label_names: list[str]
    input_size: int
    hidden_size: int
    max_order: int
    dataset: str
    fingerprint: str
    created: str
    trained_by: str
    recipe: dict[str, int | float]
    golden: list[Golden] = field(default_factory=list)
    format: int = FORMAT

    @property
    def marks_negation(self) -> bool:
        """Whether the vocabulary has words after a negator as tokens of their own."""
        return self.format > 1

    def to_json(self) -> str:
        """Return the content of config.json."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def read_config(path: Path) -> Config:
    """Read config.json, and check the types and ranges of its values.

    Raises:
        ModelError: It is missing, damaged, or of another format.
    """
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if raw["format"] not in _READABLE:
            raise ModelError(
                f"{path} has model format {raw['format']}; this ml-workshop reads formats 1 to {FORMAT}."
            )
        for name, (is_valid, expected) in _CHECKS.items():
            if not is_valid(raw[name]):
                raise ValueError(f"{name} must be {expected}")
        golden = [Golden(**review) for review in raw["golden"]]
        if not golden or not all(_is_golden(review, len(raw["label_names"])) for review in golden):
            raise ValueError("golden must be one or more reviews with text, prediction and probability")
        return Config(**{**raw, "golden": golden})
    except OSError as error:
        raise ModelError(
            f"{path.parent} is not a model directory: it has no readable config.json."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is not the configuration of a model: {error}.") from error


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isprintable()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(lowest: int, highest: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and lowest <= value <= highest


def _are_labels(value: object) -> bool:
    return isinstance(value, list) and 2 <= len(value) == len(set(value)) and all(map(_is_text, value))


def _is_recipe(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(number, bool) or _is_number(number) for number in value.values()
    )


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_golden(review: Golden, classes: int) -> bool:
    return (
        isinstance(review.text, str)
        and bool(review.text)
        and _is_whole(0, classes - 1)(review.prediction)
        and _is_number(review.probability)
        and 0 <= review.probability <= 1
    )


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "label_names": (_are_labels, "two or more different names"),
    "input_size": (_is_whole(1, 2**31 - 1), "a number of n-grams"),
    "hidden_size": (_is_whole(1, 2**16), "a number of hidden units"),
    "max_order": (_is_whole(1, MAX_ORDER), f"a number from 1 to {MAX_ORDER}"),
    "dataset": (_is_text, "a name"),
    "fingerprint": (_is_text, "a hash"),
    "created": (_is_time, "a time in ISO 8601 with a time zone"),
    "trained_by": (_is_text, "a version"),
    "recipe": (_is_recipe, "hyper-parameters by name"),
    "golden": (lambda value: isinstance(value, list), "a list of reviews"),
}
