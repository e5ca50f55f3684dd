"""The model that a worker serves."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_workshop.errors import ModelError
from ml_workshop.model.artifact import METRICS, read_metrics
from ml_workshop.model.predictor import Predictor
from ml_workshop.model.revision import model_revision

GOLDEN_TOLERANCE = 1e-3
"""Largest difference of a golden review's probability from the one at training time."""


@dataclass(frozen=True)
class Baseline:
    """Statistics of the predictions of the rows held out from training, to compare those of today with.

    Attributes:
        out_of_vocabulary_ratio: Mean share of a text's tokens that the vocabulary does not have.
        confidence: Mean probability of the predicted class.
        class_share: Share of the predictions, by class.
    """

    out_of_vocabulary_ratio: float
    confidence: float
    class_share: dict[str, float]


@dataclass(frozen=True)
class ServedModel:
    """A model that classified its golden reviews as it did when it was trained.

    Attributes:
        predictor: The model.
        revision: Which one it is.
        baseline: Of a model that was trained since there is one.
    """

    predictor: Predictor
    revision: str
    baseline: Baseline | None


def load_model(directory: Path) -> ServedModel:
    """Load a model and try it on its golden reviews.

    Raises:
        ModelError: The directory is not a model, or it fails a golden review.
    """
    predictor = Predictor.load(directory)
    for number, golden in enumerate(predictor.config.golden, start=1):
        result = predictor.predict(golden.text)
        if (
            result.prediction != golden.prediction
            or abs(result.probability - golden.probability) > GOLDEN_TOLERANCE
        ):
            raise ModelError(f"{directory} fails golden review {number}: train or pull the model again.")
    return ServedModel(predictor, model_revision(directory), _read_baseline(directory))


def _read_baseline(directory: Path) -> Baseline | None:
    try:
        metrics: dict[str, Any] = read_metrics(directory)["baseline"]  # type: ignore[assignment]
        share = {str(label): _finite(value) for label, value in metrics["class_share"].items()}
        return Baseline(_finite(metrics["out_of_vocabulary_ratio"]), _finite(metrics["confidence"]), share)
    except KeyError:
        return None
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{directory / METRICS} has a damaged baseline: {error}.") from error


def _finite(value: object) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)
