"""Fitting the network."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ml_workshop.training.bags import Bags
from ml_workshop.training.features import Features, Labels
from ml_workshop.training.network import BagClassifier
from ml_workshop.training.progress import progress
from ml_workshop.training.recipe import Recipe

ROWS_TO_LEARN_FROM = 1500
"""With fewer rows than this a network hardly leaves its start, which then had better be a fair classifier."""

OnEpoch = Callable[[int, float, BagClassifier], None]


def ignore_epoch(epoch: int, loss: float, network: BagClassifier) -> None:
    """Do nothing after an epoch."""


def fit(
    title: str,
    features: Features,
    labels: Labels,
    rows: NDArray[np.int64],
    classes: int,
    recipe: Recipe,
    on_epoch: OnEpoch = ignore_epoch,
) -> BagClassifier:
    """Fit a network to some rows: AdamW, the step size falling linearly to zero.

    Args:
        title: What to call this when telling the progress.
        features: All rows as bags of n-grams.
        labels: Class of each row, shape (n,).
        rows: The rows to fit to.
        classes: Number of classes.
        recipe: Hyper-parameters.
        on_epoch: Called after each epoch with its number (from 1), its mean training loss and the network.

    Returns:
        The network, in evaluation mode.
    """
    torch.set_num_threads(
        1
    )  # the same sums on every machine; a second thread gains nothing on steps this small
    torch.manual_seed(recipe.seed)
    generator = np.random.default_rng(recipe.seed)
    network = BagClassifier(len(features.selected), recipe.hidden_size, classes, recipe.dropout)
    network.lean(torch.from_numpy(features.directions), min(ROWS_TO_LEARN_FROM / len(rows), 1.0))
    batch_size = recipe.batch_size_for(len(rows))
    steps = recipe.epochs * -(-len(rows) // batch_size)
    optimizer = _optimizer(network, recipe)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    loss_of = nn.CrossEntropyLoss()
    with progress(title, steps) as bar:
        for epoch in range(1, recipe.epochs + 1):
            network.train()
            total = 0.0
            shuffled = generator.permutation(rows)
            for start in range(0, len(rows), batch_size):
                batch = shuffled[start : start + batch_size]
                loss = loss_of(network(*_tensors(features.bags.rows(batch))), torch.from_numpy(labels[batch]))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                total += float(loss.detach()) * len(batch)
                bar.update()
            network.eval()
            on_epoch(epoch, total / len(rows), network)
    return network


def logits_of(network: BagClassifier, bags: Bags, batch_size: int = 1024) -> NDArray[np.float32]:
    """Return logits, shape (documents, classes)."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(bags), batch_size):
            rows = np.arange(start, min(start + batch_size, len(bags)))
            parts.append(network(*_tensors(bags.rows(rows))).numpy())
    return np.concatenate(parts)


def _optimizer(network: BagClassifier, recipe: Recipe) -> torch.optim.Optimizer:
    rest = [value for name, value in network.named_parameters() if not name.startswith("embedding.")]
    groups = [
        {"params": network.embedding.parameters(), "weight_decay": recipe.weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)


def _tensors(bags: Bags) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return torch.from_numpy(bags.features), torch.from_numpy(bags.values), torch.from_numpy(bags.starts)
