"""A training run from data set to model directory."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ml_workshop
from ml_workshop.atomic import new_directory
from ml_workshop.data.dataset import UNLABELLED, Split
from ml_workshop.data.layout import content_hash
from ml_workshop.data.source import Source
from ml_workshop.model.artifact import CARD, MANIFEST, METRICS
from ml_workshop.model.config import Config
from ml_workshop.model.evaluation import evaluate
from ml_workshop.model.manifest import write_manifest
from ml_workshop.model.predictor import Predictor
from ml_workshop.training.corpus import NO_LABEL, read_corpus, text_hashes
from ml_workshop.training.fingerprint import fingerprint
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.resources import check_memory, peak_memory_bytes, return_free_memory
from ml_workshop.training.splitting import hold_out

log = logging.getLogger("ml_workshop")

BATCH_ROWS = 256
"""Rows that are read from a file at a time."""


def train(
    dataset: Source, recipe: Recipe, output: Path, memory_max: int | None = None, counts: Path | None = None
) -> dict[str, Any]:
    """Train a model and write its directory, whole or not at all.

    A fit on part of the training rows gives the learning curve and the temperature, another on all of them
    the model. The test rows are used once, at the end, with the model as it will be served.

    Args:
        dataset: Rows to train on and to test with.
        recipe: Hyper-parameters.
        output: Directory to make; a model that is there is replaced.
        memory_max: Most bytes of memory to use; None for all that there are.
        counts: Directory with counts of n-grams that another program has made.

    Returns:
        The content of metrics.json.

    Raises:
        DataError: The texts have no n-gram to learn from, or need more memory.
        OutputError: The directory cannot be written.
    """
    started = time.monotonic()
    with new_directory(output, replaces=MANIFEST) as partial:
        label_names = dataset.label_names
        splits = ["train", UNLABELLED] if recipe.unlabelled else ["train"]
        check_memory(sum(map(dataset.count_rows, splits)), recipe, memory_max)
        batches = chain.from_iterable(dataset.iter_texts(split, BATCH_ROWS) for split in splits)
        corpus = read_corpus(batches, partial)
        labelled = corpus.labels != NO_LABEL
        rows = int(labelled.sum())
        log.info(
            "%s: %d labelled and %d unlabelled training rows, %d tokens in %.1f s",
            dataset.name,
            rows,
            corpus.size - rows,
            corpus.ids.size - corpus.size,
            time.monotonic() - started,
        )
        held_out = hold_out(corpus.labels, corpus.hashes, recipe.validation_share, recipe.seed)
        return_free_memory()

        from ml_workshop.training import card
        from ml_workshop.training.export import make_artifact, write_artifact
        from ml_workshop.training.network_training import train_network  # imports PyTorch
        from ml_workshop.training.report import write_report

        trained = train_network(corpus, held_out, label_names, recipe, counts)
        identity = dataset.identity
        if counts:
            identity += f" counts:{content_hash(sorted(counts.glob('*.parquet')))}"
        config = Config(
            label_names=label_names,
            input_size=len(trained.fitted.features.keys),
            hidden_size=recipe.hidden_size,
            max_order=recipe.max_order,
            dataset=dataset.name,
            fingerprint=fingerprint(identity, recipe),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            trained_by=ml_workshop.__version__,
            recipe=recipe.as_dict(),
        )
        artifact = make_artifact(trained, corpus, config)
        write_artifact(artifact, partial)
        test_hashes: list[NDArray[np.uint64]] = []
        measured = evaluate(Predictor.load(partial), _hashing(dataset, test_hashes))
        duplicates = {
            "train": rows - len(np.unique(corpus.hashes[labelled])),
            "test_in_train": int(np.isin(np.concatenate(test_hashes), corpus.hashes[labelled]).sum()),
        }
        _log_what_is_odd(dataset.name, measured, duplicates)
        metrics = {
            **measured,
            "duplicates": duplicates,
            "validation": trained.validation.measured,
            "temperature": trained.validation.temperature,
            "training": {
                "rows": rows,
                "unlabelled_rows": corpus.size - rows,
                "unlabelled_seconds": round(trained.fitted.unlabelled_seconds, 2),
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


def _hashing(dataset: Source, hashes: list[NDArray[np.uint64]]) -> Iterator[Split]:
    """Yield the test rows, and note the hashes of their texts."""
    for batch in dataset.iter_texts("test", BATCH_ROWS):
        hashes.append(text_hashes(batch.texts))
        yield batch


def _log_what_is_odd(name: str, measured: dict[str, Any], duplicates: dict[str, int]) -> None:
    """Log findings that do not make a data set invalid, but its measures doubtful."""
    if duplicates["test_in_train"]:
        log.info(
            "%s: %d of %d test texts are also training texts; they are measured like the others",
            name,
            duplicates["test_in_train"],
            measured["n"],
        )
    for label, row in zip(measured["label_names"], measured["confusion_matrix"], strict=True):
        if not any(row):
            log.info("%s: no test row has the class %s, so nothing is known about it", name, label)
