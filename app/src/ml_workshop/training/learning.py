"""From counted n-grams to a fitted network."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ml_workshop.processes import Forked
from ml_workshop.training.counting import Occurrences
from ml_workshop.training.features import Features, Labels
from ml_workshop.training.fitting import choose_and_fit
from ml_workshop.training.network import BagClassifier
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.validation import Validation, validate


@dataclass(frozen=True)
class Learnt:
    """The outcome.

    Attributes:
        network: Fitted to all rows.
        features: What it reads.
        validation: What a network fitted to part of the rows made of the others.
    """

    network: BagClassifier
    features: Features
    validation: Validation


def learn(
    occurrences: Occurrences,
    labels: Labels,
    held_out: NDArray[np.bool_],
    label_names: list[str],
    recipe: Recipe,
) -> Learnt:
    """Fit a network to part of the rows, for validation, and beside it another to all of them.

    Args:
        occurrences: n-grams of the labelled rows, then of the unlabelled rows.
        labels: Class of each labelled row, shape (n,).
        held_out: Which rows are for validation, shape (n,).
        label_names: Class names.
        recipe: Hyper-parameters.

    Raises:
        DataError: There is no n-gram to learn from.
    """
    torch.set_num_threads(1)  # threads of PyTorch would not survive the fork
    with Forked(validate, occurrences, labels, held_out, label_names, recipe) as validation:
        rows, classes = np.arange(len(labels)), len(label_names)
        features, network = choose_and_fit("training", occurrences, labels, rows, classes, recipe)
        return Learnt(network, features, validation.result())
