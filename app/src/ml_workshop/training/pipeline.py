"""A training run from data set to model directory."""

import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ml_workshop
from ml_workshop.atomic import new_directory
from ml_workshop.data.dataset import Dataset
from ml_workshop.errors import DataError
from ml_workshop.model.artifact import CARD, MANIFEST, METRICS
from ml_workshop.model.config import Config
from ml_workshop.model.evaluation import evaluate
from ml_workshop.model.manifest import write_manifest
from ml_workshop.model.measures import measure
from ml_workshop.model.predictor import Predictor, softmax
from ml_workshop.training import card, selection
from ml_workshop.training.bags import Bags, make_bags
from ml_workshop.training.calibration import fit_temperature
from ml_workshop.training.corpus import read_corpus
from ml_workshop.training.counting import Occurrences, count_ngrams
from ml_workshop.training.export import make_artifact, write_artifact
from ml_workshop.training.fingerprint import fingerprint
from ml_workshop.training.fitting import Labels, OnEpoch, fit, ignore_epoch, logits_of, steps_per_fit
from ml_workshop.training.network import BagClassifier
from ml_workshop.training.progress import progress
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.resources import peak_memory_bytes
from ml_workshop.training.splitting import stratified_holdout

log = logging.getLogger("ml_workshop")


def train(dataset: Dataset, recipe: Recipe, output: Path) -> dict[str, Any]:
    """Train a model and write its directory, whole or not at all.

    A fit on part of the training rows gives the learning curve and the temperature, another on all of them
    the model. The test rows are looked at once, at the end, by the model as it will be served.

    Args:
        dataset: What to learn.
        recipe: Hyper-parameters.
        output: Directory to make; a model that is there is replaced.

    Returns:
        The content of metrics.json.

    Raises:
        DataError: The texts have no n-gram to learn from.
        OutputError: The directory cannot be written.
    """
    started = time.monotonic()
    with new_directory(output, replaces=MANIFEST) as partial:
        labels = np.array(dataset.train.labels, np.int64)
        corpus = read_corpus(dataset.train.texts)
        log.info("%s: %d training rows, %d tokens", dataset.name, corpus.size, len(corpus.ids) - corpus.size)
        occurrences = count_ngrams(corpus, recipe.max_order, recipe.min_documents)
        log.info("counted %d n-grams in %.1f s", len(occurrences.keys), time.monotonic() - started)

        temperature, validation = _validate(occurrences, labels, dataset.label_names, recipe)
        everything = np.arange(len(labels))
        features = _select(occurrences, labels, everything, len(dataset.label_names), recipe)
        network = _fit("training", features, labels, everything, len(dataset.label_names), recipe)

        config = Config(
            label_names=dataset.label_names,
            input_size=len(features.selected),
            hidden_size=recipe.hidden_size,
            max_order=recipe.max_order,
            dataset=dataset.name,
            fingerprint=fingerprint(dataset.identity, recipe),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            trained_by=ml_workshop.__version__,
            recipe=recipe.as_dict(),
        )
        artifact = make_artifact(
            network, corpus.tokens, occurrences.keys[features.selected], config, temperature
        )
        del occurrences, corpus, features  # the test is measured without them in memory
        write_artifact(artifact, partial)
        metrics = {
            **evaluate(Predictor.load(partial), dataset.test),
            "validation": validation,
            "temperature": temperature,
            "training": {
                "rows": len(labels),
                "seconds": round(time.monotonic() - started, 2),
                "peak_memory_bytes": peak_memory_bytes(),
            },
        }
        (partial / METRICS).write_text(
            json.dumps(metrics, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        (partial / CARD).write_text(card.render(artifact.config, metrics), encoding="utf-8")
        write_manifest(partial)
    log.info("test: accuracy %.4f, F1 %.4f; %s", metrics["accuracy"], metrics["f1"], output)
    return metrics


@dataclass(frozen=True)
class _Features:
    """n-grams selected on some of the rows.

    Attributes:
        selected: Indices of the n-grams, shape (features,).
        weights: Their weights, shape (features,).
        bags: All rows as bags of these n-grams.
    """

    selected: NDArray[np.int64]
    weights: NDArray[np.float32]
    bags: Bags


def _select(
    occurrences: Occurrences, labels: Labels, rows: Labels, classes: int, recipe: Recipe
) -> _Features:
    visible = np.full(len(labels), -1)
    visible[rows] = labels[rows]
    counts = occurrences.class_counts(visible, classes)
    documents = np.bincount(labels[rows], minlength=classes)
    selected = selection.select(counts, documents, recipe.input_size)
    if not len(selected):
        raise DataError(
            f"No word occurs in {recipe.min_documents} of the training texts: "
            "there is nothing to learn from; give more or longer texts."
        )
    weights = selection.ngram_weights(counts[selected], documents)
    return _Features(selected, weights, make_bags(occurrences, selected))


def _validate(
    occurrences: Occurrences, labels: Labels, label_names: list[str], recipe: Recipe
) -> tuple[float, dict[str, Any]]:
    """Fit without some rows and look at them; returns the temperature and what metrics.json says of it."""
    held_out = stratified_holdout(labels, recipe.validation_share, recipe.seed)
    unseen, seen = np.flatnonzero(held_out), np.flatnonzero(~held_out)
    features = _select(occurrences, labels, seen, len(label_names), recipe)
    unseen_bags = features.bags.rows(unseen)
    curve: list[dict[str, float]] = []

    def look(epoch: int, loss: float, network: BagClassifier) -> None:
        accuracy = float(np.mean(logits_of(network, unseen_bags).argmax(axis=1) == labels[unseen]))
        curve.append({"epoch": epoch, "training_loss": loss, "accuracy": accuracy})
        log.info("validation: epoch %d of %d, loss %.4f, accuracy %.4f", epoch, recipe.epochs, loss, accuracy)

    network = _fit("validation", features, labels, seen, len(label_names), recipe, look)
    logits = logits_of(network, unseen_bags)
    temperature = fit_temperature(logits, labels[unseen])
    measured = measure(softmax(logits / temperature), labels[unseen], label_names)
    return temperature, {
        "n": len(unseen),
        "accuracy": measured["accuracy"],
        "f1": measured["f1"],
        "curve": curve,
    }


def _fit(
    title: str,
    features: _Features,
    labels: Labels,
    rows: Labels,
    classes: int,
    recipe: Recipe,
    on_epoch: OnEpoch = ignore_epoch,
) -> BagClassifier:
    with progress(title, steps_per_fit(len(rows), recipe)) as bar:
        return fit(
            features.bags.rows(rows),
            labels[rows],
            features.weights,
            classes,
            recipe,
            lambda: bar.update(),
            on_epoch,
        )
