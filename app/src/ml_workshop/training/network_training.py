"""Training and validation of the network."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ml_workshop.processes import Forked
from ml_workshop.training.corpus import Corpus
from ml_workshop.training.counts import Counts
from ml_workshop.training.fitting import Fitted, choose_and_fit
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.validation import Validation, validate


@dataclass(frozen=True)
class TrainingResult:
    """Result of `train_network`.

    Attributes:
        fitted: The network fitted to all rows.
        validation: Result of a network fitted to part of the rows, on the others.
    """

    fitted: Fitted
    validation: Validation


def train_network(
    corpus: Corpus,
    held_out: NDArray[np.bool_],
    label_names: list[str],
    recipe: Recipe,
    counts_directory: Path | None = None,
) -> TrainingResult:
    """Fit a network to all rows and, in parallel, another to part of them for validation.

    Args:
        corpus: All training rows.
        held_out: Mask of the rows for validation, shape (n,).
        label_names: Class names.
        recipe: Hyper-parameters.
        counts_directory: Counts of n-grams that another program has made.

    Raises:
        DataError: There is no n-gram to learn from, or the counts are not those of these rows.
    """
    torch.set_num_threads(1)  # threads of PyTorch would not survive the fork
    torch.optim.AdamW([torch.zeros(1)])  # the first one imports PyTorch's compiler: once for both processes
    classes = len(label_names)
    counts = Counts(counts_directory, corpus, held_out, classes) if counts_directory else None
    with Forked(validate, corpus, held_out, label_names, recipe, counts) as validation:
        fitted = choose_and_fit("training", corpus, corpus.labels, classes, recipe, counts)
        return TrainingResult(fitted, validation.result())
