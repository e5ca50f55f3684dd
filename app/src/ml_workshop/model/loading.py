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
class ServedModel:
    """A model that classified its golden reviews as it did when it was trained.

    Attributes:
        predictor: The model.
        revision: Revision of the model.
        baseline: Means over the rows held out from training, to compare those of today with:
            out_of_vocabulary_ratio, confidence, and for each class class_share. Older models have none.
    """

    predictor: Predictor
    revision: str
    baseline: dict[str, Any] | None


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


def _read_baseline(directory: Path) -> dict[str, Any] | None:
    try:
        baseline: dict[str, Any] = read_metrics(directory)["baseline"]  # type: ignore[assignment]
        numbers = [
            baseline["out_of_vocabulary_ratio"],
            baseline["confidence"],
            *baseline["class_share"].values(),
        ]
        if not all(map(math.isfinite, numbers)):
            raise ValueError("a value is not finite")
        return baseline
    except KeyError:
        return None
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{directory / METRICS} has a damaged baseline: {error}.") from error
