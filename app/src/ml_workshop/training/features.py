"""Choosing and weighting n-grams by some of the rows, and all rows as bags of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.errors import DataError
from ml_workshop.training import selection
from ml_workshop.training.bags import Bags, make_bags
from ml_workshop.training.counting import Occurrences
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.resources import return_free_memory

Labels = NDArray[np.int64]

NO_LABEL = -1


@dataclass(frozen=True)
class Features:
    """n-grams chosen on some of the rows.

    Attributes:
        selected: Indices of the n-grams among those counted, ascending, shape (features,).
        weights: Their weights, shape (features,).
        directions: How much each speaks for each class, -1 to 1, shape (features, classes).
        bags: All rows as bags of these n-grams.
    """

    selected: NDArray[np.int64]
    weights: NDArray[np.float32]
    directions: NDArray[np.float32]
    bags: Bags


def choose_features(
    occurrences: Occurrences, labels: Labels, rows: NDArray[np.int64], classes: int, recipe: Recipe
) -> Features:
    """Choose n-grams without a look at the labels of other rows.

    Args:
        occurrences: n-grams of all rows.
        labels: Class of each row, shape (n,).
        rows: The rows to look at.
        classes: Number of classes.
        recipe: Hyper-parameters.

    Raises:
        DataError: There is no n-gram to choose from.
    """
    visible = np.full(len(labels), NO_LABEL)
    visible[rows] = labels[rows]
    counts = occurrences.class_counts(visible, classes)
    documents = np.bincount(labels[rows], minlength=classes)
    selected = selection.select(counts, documents, recipe.input_size)
    if not len(selected):
        raise DataError(
            "Hardly a word occurs in more than one of the training texts: give more texts, or longer ones."
        )
    weights, directions = selection.weights_and_directions(
        counts[selected], documents, recipe.smoothing_for(len(labels))
    )
    bags = make_bags(occurrences, selected, weights)
    return_free_memory()  # about as much as the bags take
    return Features(selected, weights, directions, bags)
