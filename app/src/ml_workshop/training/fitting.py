"""Fitting the network."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml_workshop.training.bags import Bags
from ml_workshop.training.network import BagClassifier
from ml_workshop.training.recipe import Recipe

Labels = NDArray[np.int64]
OnEpoch = Callable[[int, float, BagClassifier], None]
OnStep = Callable[[], object]


def ignore_epoch(epoch: int, loss: float, network: BagClassifier) -> None:
    """Do nothing after an epoch."""


def fit(
    bags: Bags,
    labels: Labels,
    weights: NDArray[np.float32],
    classes: int,
    recipe: Recipe,
    on_step: OnStep,
    on_epoch: OnEpoch = ignore_epoch,
) -> BagClassifier:
    """Fit a network to bags of n-grams.

    Args:
        bags: One bag per document.
        labels: Class of each document, shape (documents,).
        weights: Weight of each n-gram, shape (features,).
        classes: Number of classes.
        recipe: Hyper-parameters.
        on_step: Called after each step.
        on_epoch: Called after each epoch with its number (from 1), its mean training loss and the network.

    Returns:
        The network, in evaluation mode.
    """
    torch.manual_seed(recipe.seed)
    order = np.random.default_rng(recipe.seed)
    network = BagClassifier(
        torch.from_numpy(weights), recipe.hidden_size, classes, recipe.feature_dropout, recipe.hidden_dropout
    )
    rest = [p for name, p in network.named_parameters() if not name.startswith("embedding.")]
    optimizer = torch.optim.AdamW(
        [
            {"params": network.embedding.parameters(), "weight_decay": recipe.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
        fused=True,
    )
    steps = steps_per_fit(len(bags), recipe)
    schedule = torch.optim.lr_scheduler.LinearLR(
        optimizer, start_factor=1.0, end_factor=0.0, total_iters=steps
    )
    loss_of = nn.CrossEntropyLoss()
    for epoch in range(1, recipe.epochs + 1):
        network.train()
        total = 0.0
        shuffled = order.permutation(len(bags))
        for start in range(0, len(bags), recipe.batch_size):
            rows = shuffled[start : start + recipe.batch_size]
            batch = bags.rows(rows)
            logits = network(torch.from_numpy(batch.features), torch.from_numpy(batch.starts))
            loss = loss_of(logits, torch.from_numpy(labels[rows]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
            on_step()
        network.eval()
        on_epoch(epoch, total / len(bags), network)
    return network.eval()


def steps_per_fit(documents: int, recipe: Recipe) -> int:
    """Return the number of optimisation steps of one fit."""
    return recipe.epochs * -(-documents // recipe.batch_size)


def logits_of(network: BagClassifier, bags: Bags, batch_size: int = 1024) -> NDArray[np.float32]:
    """Return logits, shape (documents, classes)."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(bags), batch_size):
            batch = bags.rows(np.arange(start, min(start + batch_size, len(bags))))
            parts.append(network(torch.from_numpy(batch.features), torch.from_numpy(batch.starts)).numpy())
    return np.concatenate(parts)
