"""Fitting of the network."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml_workshop.training.bags import Bags, Batch
from ml_workshop.training.corpus import NO_LABEL, Corpus, Labels
from ml_workshop.training.counts import Counts
from ml_workshop.training.features import Features, choose_features
from ml_workshop.training.network import BagClassifier
from ml_workshop.training.progress import progress
from ml_workshop.training.recipe import Recipe

SMALL_DATA_ROWS = 1500
"""With fewer rows than this, the initial weights matter and are set from naive Bayes."""

EVAL_STEPS = 12
"""Number of calls of `callback` during a fit, at equal intervals."""


@dataclass(frozen=True)
class EvalStep:
    """State of a fit.

    Attributes:
        step: Number of finished steps.
        epoch: Number of passes over the data, a fraction.
        loss: Mean training loss, with dropout, since the previous EvalStep.
        accuracy: Share of the rows of these steps that were classified correctly.
        network: The network, in evaluation mode.
        bags: All rows as the network reads them.
    """

    step: int
    epoch: float
    loss: float
    accuracy: float
    network: BagClassifier
    bags: Bags


EvalCallback = Callable[[EvalStep], None]


def no_callback(at: EvalStep) -> None:
    """Do nothing."""


def fit(
    title: str,
    features: Features,
    labels: Labels,
    classes: int,
    recipe: Recipe,
    callback: EvalCallback = no_callback,
    bar_row: int = 0,
) -> BagClassifier:
    """Fit a network to the rows that have a label: AdamW, the step size falling linearly to zero.

    Args:
        title: Name in progress messages.
        features: All rows as bags of n-grams.
        labels: Class of each row, NO_LABEL for rows to ignore, shape (n,).
        classes: Number of classes.
        recipe: Hyper-parameters.
        callback: Called about EVAL_STEPS times, the last time after the last step.
        bar_row: See `progress`.

    Returns:
        The network, in evaluation mode.
    """
    rows = np.flatnonzero(labels != NO_LABEL)
    torch.set_num_threads(1)  # the same sums on every machine; on steps this small more threads gain nothing
    torch.manual_seed(recipe.seed)
    network = BagClassifier(len(features.keys), recipe.hidden_size, classes, recipe.dropout)
    network.init_from_evidence(torch.from_numpy(features.directions), min(SMALL_DATA_ROWS / len(rows), 1.0))
    batch_size = recipe.batch_size_for(len(rows))
    steps_per_epoch = -(-len(rows) // batch_size)
    steps = recipe.epochs * steps_per_epoch
    optimizer = _optimizer(network, recipe)
    step_size = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    eval_steps = {round(steps * number / EVAL_STEPS) for number in range(1, EVAL_STEPS + 1)}
    loss_of = nn.CrossEntropyLoss()
    loss, correct, seen = 0.0, 0, 0
    with progress(title, steps, bar_row) as bar:
        for step, batch in enumerate(_batches(rows, batch_size, recipe), start=1):
            network.train()
            wanted = torch.from_numpy(labels[batch])
            logits = network(*_tensors(features.bags.rows(batch)))
            batch_loss = loss_of(logits, wanted)
            batch_loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            step_size.step()
            loss += float(batch_loss.detach()) * len(batch)
            correct += int((logits.argmax(dim=1) == wanted).sum())
            seen += len(batch)
            bar.update()
            if step in eval_steps:
                network.eval()
                epoch, means = step / steps_per_epoch, (loss / seen, correct / seen)
                callback(EvalStep(step, epoch, *means, network, features.bags))
                loss, correct, seen = 0.0, 0, 0
    return network.eval()


@dataclass(frozen=True)
class Fitted:
    """Result of `choose_and_fit`.

    Attributes:
        features: The features that the network reads.
        network: The network, in evaluation mode.
        unlabelled_seconds: Seconds spent on rows without a label.
    """

    features: Features
    network: BagClassifier
    unlabelled_seconds: float


def choose_and_fit(
    title: str,
    corpus: Corpus,
    labels: Labels,
    classes: int,
    recipe: Recipe,
    counts_made: Counts | None = None,
    callback: EvalCallback = no_callback,
    bar_row: int = 0,
) -> Fitted:
    """Choose n-grams by the rows that have a label, and fit a network to them.

    With `Recipe.unlabelled` this network predicts labels for the rows without one (pseudo-labels, Lee
    2013), and a second one is fitted to all of these.

    Args:
        title: See `fit`.
        corpus: All rows.
        labels: Class of each row, NO_LABEL for rows to ignore, shape (n,).
        classes: Number of classes.
        recipe: Hyper-parameters.
        counts_made: See `choose_features`.
        callback: See `fit`; called for the second network if there are two.
        bar_row: See `progress`.

    Raises:
        DataError: There is no n-gram to choose from.
    """
    features = choose_features(corpus, labels, classes, recipe, counts_made)
    if not recipe.unlabelled:
        return Fitted(features, fit(title, features, labels, classes, recipe, callback, bar_row), 0.0)
    teacher = fit(f"{title}, labelled rows", features, labels, classes, recipe, bar_row=bar_row)
    started = time.monotonic()
    unlabelled = np.flatnonzero(corpus.labels == NO_LABEL)
    labels = labels.copy()
    labels[unlabelled] = logits_of(teacher, features.bags, unlabelled).argmax(axis=1)
    del teacher, features
    features = choose_features(corpus, labels, classes, recipe)
    network = fit(title, features, labels, classes, recipe.for_student(), callback, bar_row)
    return Fitted(features, network, time.monotonic() - started)


def logits_of(
    network: BagClassifier, bags: Bags, documents: NDArray[np.int64], batch_size: int = 1024
) -> NDArray[np.float32]:
    """Return the logits of some documents, shape (documents, classes)."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(documents), batch_size):
            batch = bags.rows(documents[start : start + batch_size])
            parts.append(network(*_tensors(batch)).numpy())
    return np.concatenate(parts)


def _batches(rows: NDArray[np.int64], batch_size: int, recipe: Recipe) -> Iterator[NDArray[np.int64]]:
    generator = np.random.default_rng(recipe.seed)
    for _ in range(recipe.epochs):
        shuffled = generator.permutation(rows)
        for start in range(0, len(rows), batch_size):
            yield shuffled[start : start + batch_size]


def _optimizer(network: BagClassifier, recipe: Recipe) -> torch.optim.Optimizer:
    rest = [value for name, value in network.named_parameters() if not name.startswith("embedding.")]
    groups = [
        {"params": list(network.embedding.parameters()), "weight_decay": recipe.weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, recipe.learning_rate, fused=True)


def _tensors(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return (
        torch.from_numpy(batch.features),
        torch.from_numpy(batch.values),
        torch.from_numpy(batch.starts),
    )
