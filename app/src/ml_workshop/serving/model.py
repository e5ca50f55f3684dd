"""The model that a worker serves."""

from dataclasses import dataclass
from pathlib import Path

from ml_workshop.errors import ModelError
from ml_workshop.model.predictor import Predictor
from ml_workshop.model.revision import model_revision

GOLDEN_TOLERANCE = 1e-3
"""Largest difference of a golden review's probability from the one at training time."""


@dataclass(frozen=True)
class ServedModel:
    """A model that classified its golden reviews as it did when it was trained.

    Attributes:
        predictor: The model.
        revision: Which one it is.
    """

    predictor: Predictor
    revision: str


def load_model(directory: Path) -> ServedModel:
    """Load a model and try it on its golden reviews.

    Raises:
        ModelError: The directory is not a model, or it fails a golden review.
    """
    predictor = Predictor.load(directory)
    for number, golden in enumerate(predictor.config.golden, start=1):
        said = predictor.predict(golden.text)
        if (
            said.prediction != golden.prediction
            or abs(said.probability - golden.probability) > GOLDEN_TOLERANCE
        ):
            raise ModelError(f"{directory} fails golden review {number}: train or pull the model again.")
    return ServedModel(predictor, model_revision(directory))
