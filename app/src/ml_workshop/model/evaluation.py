"""Measuring a model on rows."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_workshop.data.dataset import Split, rechunk
from ml_workshop.model.measures import measure
from ml_workshop.model.predictor import Predictor, softmax
from ml_workshop.processes import even_shares, side_by_side
from ml_workshop.text.ngrams import UNKNOWN

CALIBRATION_BINS = 20


def evaluate(predictor: Predictor, batches: Iterable[Split]) -> dict[str, Any]:
    """Measure what would be served: each text goes through the numpy predictor on its own, on all cores.

    Returns:
        See `ml_workshop.model.measures.measure`; and `baseline`, the means over the rows that a server can
        compare its traffic with: `out_of_vocabulary_ratio` (share of a text's tokens), `confidence`, `tokens`
        and `class_share` (share of the rows that each class was predicted for).
    """
    results, labels = [], []
    for chunk in rechunk(batches):
        shares = [(predictor, texts) for texts in even_shares(chunk.texts)]
        results += side_by_side(_predict, shares)
        labels.append(np.array(chunk.labels, np.int64))
    logits, tokens, unknown = (np.concatenate(parts) for parts in zip(*results, strict=True))
    probabilities = softmax(logits)
    names = predictor.config.label_names
    predicted = np.bincount(probabilities.argmax(axis=1), minlength=len(names)) / len(tokens)
    without_tokens = tokens == 0  # a server counts them as unknown altogether
    return {
        **measure(probabilities, np.concatenate(labels), names, CALIBRATION_BINS),
        "baseline": {
            "out_of_vocabulary_ratio": float(
                np.where(without_tokens, 1.0, unknown / np.maximum(tokens, 1)).mean()
            ),
            "confidence": float(probabilities.max(axis=1).mean()),
            "class_share": dict(zip(names, predicted.tolist(), strict=True)),
            "tokens": float(tokens.mean()),
        },
    }


def _predict(
    predictor: Predictor, texts: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return the class scores, the number of tokens and the number of unknown tokens of each text."""
    logits = np.empty((len(texts), len(predictor.config.label_names)), np.float32)
    tokens, unknown = np.empty((2, len(texts)), np.int64)
    for row, text in enumerate(texts):
        token_ids = predictor.vocabulary.token_ids(text)
        logits[row] = predictor.logits(token_ids)
        tokens[row], unknown[row] = len(token_ids), np.count_nonzero(token_ids == UNKNOWN)
    return logits, tokens, unknown
