"""A training run from data set to model directory."""

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import ml_workshop
from ml_workshop.atomic import new_directory
from ml_workshop.data.dataset import Dataset
from ml_workshop.model.artifact import CARD, MANIFEST, METRICS
from ml_workshop.model.config import Config
from ml_workshop.model.evaluation import evaluate
from ml_workshop.model.manifest import write_manifest
from ml_workshop.model.predictor import Predictor
from ml_workshop.training import card
from ml_workshop.training.corpus import read_corpus
from ml_workshop.training.counting import count_ngrams
from ml_workshop.training.export import make_artifact, write_artifact
from ml_workshop.training.features import choose_features
from ml_workshop.training.fingerprint import fingerprint
from ml_workshop.training.fitting import fit
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.resources import peak_memory_bytes
from ml_workshop.training.validation import validate

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
        tokens = corpus.tokens
        occurrences = count_ngrams(corpus, recipe.max_order, recipe.min_documents)
        del corpus  # the largest arrays are gone before PyTorch wants memory
        log.info("counted %d n-grams in %.1f s", len(occurrences.keys), time.monotonic() - started)

        validation = validate(occurrences, labels, dataset.label_names, recipe)
        log.info(
            "validation: accuracy %.4f, temperature %.2f",
            validation.measured["accuracy"],
            validation.temperature,
        )
        rows = np.arange(len(labels))
        features = choose_features(occurrences, labels, rows, len(dataset.label_names), recipe.input_size)
        network = fit("training", features, labels, rows, len(dataset.label_names), recipe)

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
        keys = occurrences.keys[features.selected]
        artifact = make_artifact(network, tokens, keys, features.weights, config, validation.temperature)
        del occurrences, features
        write_artifact(artifact, partial)
        metrics = {
            **evaluate(Predictor.load(partial), dataset.test),
            "validation": validation.measured,
            "temperature": validation.temperature,
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
