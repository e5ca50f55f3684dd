"""Validation of a network on held-out training rows."""

import logging
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_workshop.model.measures import log_loss, measure
from ml_workshop.model.predictor import softmax
from ml_workshop.training.calibration import fit_temperature
from ml_workshop.training.corpus import NO_LABEL, Corpus
from ml_workshop.training.counts import Counts
from ml_workshop.training.fitting import EvalStep, choose_and_fit, logits_of
from ml_workshop.training.recipe import Recipe

log = logging.getLogger("ml_workshop")


FEW_ROWS = 100
"""With fewer rows than this, the remaining ones may have no n-gram in common."""


@dataclass(frozen=True)
class Validation:
    """Result of a validation.

    Attributes:
        temperature: Divisor of the logits that calibrates the probabilities.
        measured: Row count, accuracy, F1 and the learning curve, for metrics.json.
    """

    temperature: float
    measured: dict[str, Any]


def validate(
    corpus: Corpus,
    held_out: NDArray[np.bool_],
    label_names: list[str],
    recipe: Recipe,
    counts_made: Counts | None = None,
) -> Validation:
    """Choose n-grams and fit a network without the held-out rows, and evaluate it on these.

    Args:
        corpus: All rows.
        held_out: Mask of the labelled rows to leave out, shape (n,).
        label_names: Class names.
        recipe: Hyper-parameters.
        counts_made: See `choose_features`.

    Raises:
        DataError: There is no n-gram to choose from.
    """
    unseen = np.flatnonzero(held_out)
    labels = corpus.labels
    curve: list[dict[str, float]] = []

    def record(at: EvalStep) -> None:
        logits = logits_of(at.network, at.bags, unseen)
        curve.append(
            {
                "step": at.step,
                "epoch": round(at.epoch, 3),
                "training_loss": at.loss,
                "training_accuracy": at.accuracy,
                "loss": log_loss(logits, labels[unseen]),
                "accuracy": float(np.mean(logits.argmax(axis=1) == labels[unseen])),
            }
        )

    seen = np.where(held_out, NO_LABEL, labels)
    if len(labels) < FEW_ROWS:
        recipe = replace(recipe, min_documents=1)
    fitted = choose_and_fit(
        "validation", corpus, seen, len(label_names), recipe, counts_made, record, bar_row=1
    )
    logits = logits_of(fitted.network, fitted.features.bags, unseen)
    temperature = fit_temperature(logits, labels[unseen])
    measured = measure(softmax(logits / temperature), labels[unseen], label_names)
    log.info("validation: accuracy %.4f, temperature %.2f", measured["accuracy"], temperature)
    kept = {name: measured[name] for name in ("n", "accuracy", "f1")}
    return Validation(temperature, {**kept, "curve": curve})
