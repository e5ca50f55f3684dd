"""config.json of a model directory."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ml_workshop.errors import ModelError

FORMAT = 1


@dataclass(frozen=True)
class Golden:
    """A made-up review and what the model said of it when it was written.

    Attributes:
        text: Composed of telling n-grams of one class, so no row of the data set is published.
        prediction: Class index.
        probability: Of that class.
    """

    text: str
    prediction: int
    probability: float


@dataclass(frozen=True)
class Config:
    """What a reader must know of a model besides its numbers.

    Attributes:
        label_names: Name of each class index.
        input_size: Number of n-grams in the vocabulary.
        hidden_size: Width of the hidden layer.
        max_order: Longest n-gram, in tokens.
        dataset: What the training data was called.
        fingerprint: Of everything that determined the result.
        created: When it was trained, ISO 8601, UTC.
        trained_by: Version of ml-workshop.
        recipe: Hyper-parameters.
        golden: Reviews that the model must classify as it did when it was trained.
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

    def to_json(self) -> str:
        """Return the content of config.json."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def read_config(path: Path) -> Config:
    """Read config.json.

    Raises:
        ModelError: It is missing, damaged, or of another format.
    """
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if raw["format"] != FORMAT:
            raise ModelError(
                f"{path} has model format {raw['format']}; this ml-workshop reads format {FORMAT}."
            )
        return Config(**{**raw, "golden": [Golden(**golden) for golden in raw["golden"]]})
    except OSError as error:
        raise ModelError(
            f"{path.parent} is not a model directory: it has no readable config.json."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is not the configuration of a model: {error}.") from error
