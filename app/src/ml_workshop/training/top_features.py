"""The n-grams that tell a class."""

import numpy as np

from ml_workshop.model.artifact import Artifact
from ml_workshop.text.ngrams import key_tokens
from ml_workshop.text.tokens import shown


def top_features(artifact: Artifact, count: int) -> list[list[tuple[str, float]]]:
    """Find the n-grams with the most evidence for each class.

    Args:
        artifact: A model.
        count: Most n-grams per class.

    Returns:
        For each class n-grams, highest lead first, with the lead that the class gets over the next one when a
        network reads nothing but that n-gram, at its weight.
    """
    hidden = np.maximum(artifact.embedding * artifact.weights[:, None] + artifact.bias, 0)
    scores = hidden @ artifact.output_weight.T
    found = []
    for label in range(len(artifact.config.label_names)):
        lead = scores[:, label] - np.delete(scores, label, axis=1).max(axis=1)
        features = np.argsort(-lead, kind="stable")[:count]
        found.append([(_text(artifact, feature), float(lead[feature])) for feature in features])
    return found


def _text(artifact: Artifact, feature: int) -> str:
    return shown([artifact.tokens[token_id - 1] for token_id in key_tokens(int(artifact.keys[feature]))])
