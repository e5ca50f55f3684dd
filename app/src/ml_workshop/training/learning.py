"""From token ids to a fitted network."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ml_workshop.processes import Forked
from ml_workshop.training.corpus import Corpus
from ml_workshop.training.fitting import Fitted, choose_and_fit
from ml_workshop.training.recipe import Recipe
from ml_workshop.training.validation import Validation, validate


@dataclass(frozen=True)
class Learnt:
    """The outcome.

    Attributes:
        fitted: To all rows.
        validation: What a network fitted to part of the rows made of the others.
    """

    fitted: Fitted
    validation: Validation


def learn(corpus: Corpus, held_out: NDArray[np.bool_], label_names: list[str], recipe: Recipe) -> Learnt:
    """Fit a network to part of the rows, for validation, and beside it another to all of them.

    Args:
        corpus: All training rows.
        held_out: Which rows are for validation, shape (n,).
        label_names: Class names.
        recipe: Hyper-parameters.

    Raises:
        DataError: There is no n-gram to learn from.
    """
    torch.set_num_threads(1)  # threads of PyTorch would not survive the fork
    torch.optim.AdamW([torch.zeros(1)])  # the first one imports PyTorch's compiler: once for both processes
    with Forked(validate, corpus, held_out, label_names, recipe) as validation:
        fitted = choose_and_fit("training", corpus, corpus.labels, len(label_names), recipe)
        return Learnt(fitted, validation.result())
