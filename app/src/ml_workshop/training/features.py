"""Choosing and weighting n-grams by some of the rows, and all rows as bags of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.errors import DataError
from ml_workshop.text.ngrams import Keys
from ml_workshop.training import selection
from ml_workshop.training.bags import Bags, make_bags
from ml_workshop.training.corpus import NO_LABEL, Corpus, Labels
from ml_workshop.training.counting import count_ngrams
from ml_workshop.training.counts import Counts
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.resources import return_free_memory


@dataclass(frozen=True)
class Features:
    """n-grams chosen on some of the rows.

    Attributes:
        token_ids: Corpus ids of the tokens in `keys`, where 1 means the first of these.
        keys: The n-grams, ascending, shape (features,).
        weights: Weight of each n-gram, shape (features,).
        directions: Evidence of each n-gram for each class, -1 to 1, shape (features, classes).
        bags: All rows as bags of these n-grams.
    """

    token_ids: NDArray[np.int64]
    keys: Keys
    weights: NDArray[np.float32]
    directions: NDArray[np.float32]
    bags: Bags


def choose_features(
    corpus: Corpus, labels: Labels, classes: int, recipe: Recipe, counts_made: Counts | None = None
) -> Features:
    """Choose n-grams by the labelled rows.

    Args:
        corpus: All rows.
        labels: Class of each row, NO_LABEL for rows to ignore, shape (n,).
        classes: Number of classes.
        recipe: Hyper-parameters.
        counts_made: Counts of the labelled rows, if another program has counted them.

    Raises:
        DataError: There is no n-gram to choose from.
    """
    documents = np.bincount(labels[labels != NO_LABEL], minlength=classes)
    best = selection.Best(documents, recipe.input_size)
    order, fewest = recipe.max_order, recipe.min_documents_for(corpus.size)
    if counts_made is None:
        numbers, ngrams = count_ngrams(corpus, labels, classes, order, fewest)
    else:
        seen_only = bool(np.any(labels != corpus.labels))
        numbers, ngrams = counts_made.read(seen_only, order, fewest)
    for counted in ngrams:
        best.add(*counted)
    keys, counts = best.ascending()
    if not len(keys):
        raise DataError(
            "Hardly a word occurs in more than one of the training texts: give more texts, or longer ones."
        )
    weights, directions = selection.weights_and_directions(
        counts, documents, recipe.smoothing_for(corpus.size)
    )
    del best, counts
    return_free_memory()
    bags = make_bags(corpus, numbers, keys, recipe.max_order, weights)
    return_free_memory()
    return Features(numbers.ids, keys, weights, directions, bags)
