"""Measuring a model on rows."""

from typing import Any

import numpy as np

from ml_workshop.data.dataset import Split
from ml_workshop.model.measures import measure
from ml_workshop.model.predictor import Predictor, softmax


def evaluate(predictor: Predictor, split: Split) -> dict[str, Any]:
    """Measure what would be served: each text goes through the numpy predictor on its own.

    Returns:
        See `ml_workshop.model.measures.measure`.
    """
    logits = np.stack([predictor.logits(predictor.vocabulary.token_ids(text)) for text in split.texts])
    return measure(softmax(logits), np.array(split.labels, np.int64), predictor.config.label_names)
