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
from ml_workshop.training.corpus import read_corpus
from ml_workshop.training.counting import count_ngrams
from ml_workshop.training.fingerprint import fingerprint
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.resources import peak_memory_bytes, return_free_memory
from ml_workshop.training.splitting import first_occurrences, stratified_holdout

log = logging.getLogger("ml_workshop")


def count_duplicates(dataset: Dataset) -> dict[str, int]:
    """Count rows whose text occurs before: training rows in the training split, test rows among those."""
    texts = set(dataset.train.texts)
    return {
        "train": len(dataset.train) - len(texts),
        "test_in_train": sum(text in texts for text in dataset.test.texts),
    }


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
        same_as = first_occurrences(dataset.train.texts)
        duplicates = count_duplicates(dataset)
        _say_what_is_odd(dataset, duplicates)
        held_out = stratified_holdout(labels, recipe.validation_share, recipe.seed, same_as)
        corpus = read_corpus([*dataset.train.texts, *dataset.unlabelled])
        log.info(
            "%s: %d labelled and %d unlabelled training rows, %d tokens",
            dataset.name,
            len(labels),
            len(dataset.unlabelled),
            len(corpus.ids) - corpus.size,
        )
        tokens = corpus.tokens
        occurrences = count_ngrams(corpus, recipe.max_order, recipe.min_documents_for(corpus.size))
        del corpus
        return_free_memory()
        log.info("counted %d n-grams in %.1f s", len(occurrences.keys), time.monotonic() - started)

        from ml_workshop.training import card
        from ml_workshop.training.export import make_artifact, write_artifact
        from ml_workshop.training.learning import learn  # PyTorch: only now that counting needs no memory
        from ml_workshop.training.report import write_report

        learnt = learn(occurrences, labels, held_out, dataset.label_names, recipe)
        config = Config(
            label_names=dataset.label_names,
            input_size=len(learnt.features.selected),
            hidden_size=recipe.hidden_size,
            max_order=recipe.max_order,
            dataset=dataset.name,
            fingerprint=fingerprint(dataset.identity, recipe),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            trained_by=ml_workshop.__version__,
            recipe=recipe.as_dict(),
        )
        artifact = make_artifact(learnt, tokens, occurrences.keys, config)
        del occurrences, tokens
        write_artifact(artifact, partial)
        metrics = {
            **evaluate(Predictor.load(partial), dataset.test),
            "duplicates": duplicates,
            "validation": learnt.validation.measured,
            "temperature": learnt.validation.temperature,
            "training": {
                "rows": len(labels),
                "unlabelled_rows": len(dataset.unlabelled),
                "seconds": round(time.monotonic() - started, 2),
                "peak_memory_bytes": peak_memory_bytes(),
            },
        }
        (partial / METRICS).write_text(
            json.dumps(metrics, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        write_report(artifact, metrics, partial)
        (partial / CARD).write_text(card.render(artifact.config, metrics), encoding="utf-8")
        write_manifest(partial)
    log.info("test: accuracy %.4f, F1 %.4f; %s", metrics["accuracy"], metrics["f1"], output)
    return metrics


def _say_what_is_odd(dataset: Dataset, duplicates: dict[str, int]) -> None:
    """Tell what is no reason to refuse a data set, but to doubt its measures."""
    if duplicates["test_in_train"]:
        log.info(
            "%s: %d of %d test texts are also training texts; they are measured like the others",
            dataset.name,
            duplicates["test_in_train"],
            len(dataset.test),
        )
    measured = set(dataset.test.labels)
    for label, name in enumerate(dataset.label_names):
        if label not in measured:
            log.info("%s: no test row has the class %s, so nothing is known about it", dataset.name, name)
