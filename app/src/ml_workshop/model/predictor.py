"""Predictions with numpy."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_workshop.model.artifact import Artifact, read_artifact
from ml_workshop.text.ngrams import UNKNOWN
from ml_workshop.text.vocabulary import Vocabulary


class Prediction(NamedTuple):
    """The result of classifying one text.

    Attributes:
        prediction: Class index.
        label: Class name.
        probability: Probability of that class.
        tokens: Number of tokens of the text.
        unknown_tokens: Number of tokens that are not in the vocabulary.
    """

    prediction: int
    label: str
    probability: float
    tokens: int
    unknown_tokens: int


class Predictor:
    """A model ready to predict; safe to share between threads."""

    def __init__(self, artifact: Artifact) -> None:
        """Prepare a model; its arrays are used where they are, not copied."""
        self.config = artifact.config
        self.vocabulary = Vocabulary(
            artifact.tokens, artifact.keys, artifact.config.max_order, artifact.config.marks_negation
        )
        self.artifact = artifact

    @classmethod
    def load(cls, directory: Path) -> "Predictor":
        """Load a model directory.

        Raises:
            ModelError: The directory is not a model, or its parts do not fit each other.
        """
        return cls(read_artifact(directory))

    def logits(self, token_ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the class scores of one text, before the softmax, shape (classes,).

        `dot` has less overhead than `@`, which matters for arrays this small.
        """
        model = self.artifact
        features = self.vocabulary.features(token_ids)
        weights = model.weights.take(features)
        hidden = weights.dot(model.embedding.take(features, axis=0))
        hidden *= np.float32(1 / math.sqrt(max(float(weights.dot(weights)), 1e-12)))
        hidden += model.bias
        np.maximum(hidden, 0, out=hidden)
        logits: NDArray[np.float32] = model.output_weight.dot(hidden)
        logits += model.output_bias
        return logits

    def predict(self, text: str) -> Prediction:
        """Classify one text."""
        token_ids = self.vocabulary.token_ids(text)
        logits = self.logits(token_ids).tolist()  # a softmax over a few classes is fastest without numpy
        highest = max(logits)
        best = logits.index(highest)
        return Prediction(
            best,
            self.config.label_names[best],
            1 / sum(math.exp(logit - highest) for logit in logits),
            len(token_ids),
            int(np.count_nonzero(token_ids == UNKNOWN)),
        )


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return class probabilities along the last axis."""
    shifted = np.exp((logits - logits.max(axis=-1, keepdims=True)).astype(np.float64))
    probabilities: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return probabilities
