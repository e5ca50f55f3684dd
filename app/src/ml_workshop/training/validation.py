"""What training rows that the network has not seen say of it."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml_workshop.model.measures import measure
from ml_workshop.model.predictor import softmax
from ml_workshop.training.calibration import fit_temperature
from ml_workshop.training.counting import Occurrences
from ml_workshop.training.features import Labels, choose_features
from ml_workshop.training.fitting import fit, logits_of
from ml_workshop.training.network import BagClassifier
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.splitting import stratified_holdout

log = logging.getLogger("ml_workshop")


@dataclass(frozen=True)
class Validation:
    """The outcome.

    Attributes:
        temperature: What to divide logits by, so that probabilities mean what they say.
        measured: Row count, accuracy, F1 and the learning curve, for metrics.json.
    """

    temperature: float
    measured: dict[str, Any]


def validate(occurrences: Occurrences, labels: Labels, label_names: list[str], recipe: Recipe) -> Validation:
    """Choose n-grams and fit a network without some rows of each class, and look at those rows.

    Args:
        occurrences: n-grams of all training rows.
        labels: Class of each row, shape (n,).
        label_names: Class names.
        recipe: Hyper-parameters.

    Raises:
        DataError: There is no n-gram to choose from.
    """
    held_out = stratified_holdout(labels, recipe.validation_share, recipe.seed)
    unseen, seen = np.flatnonzero(held_out), np.flatnonzero(~held_out)
    features = choose_features(occurrences, labels, seen, len(label_names), recipe.input_size)
    unseen_bags = features.bags.rows(unseen)
    curve: list[dict[str, float]] = []

    def look(epoch: int, loss: float, network: BagClassifier) -> None:
        accuracy = float(np.mean(logits_of(network, unseen_bags).argmax(axis=1) == labels[unseen]))
        curve.append({"epoch": epoch, "training_loss": loss, "accuracy": accuracy})
        log.info("validation: epoch %d of %d, loss %.4f, accuracy %.4f", epoch, recipe.epochs, loss, accuracy)

    network = fit("validation", features, labels, seen, len(label_names), recipe, look)
    logits = logits_of(network, unseen_bags)
    temperature = fit_temperature(logits, labels[unseen])
    measured = measure(softmax(logits / temperature), labels[unseen], label_names)
    kept = {name: measured[name] for name in ("n", "accuracy", "f1")}
    return Validation(temperature, {**kept, "curve": curve})
