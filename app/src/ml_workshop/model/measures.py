"""Accuracy, F1, log loss and calibration of a classifier."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def measure(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], label_names: list[str], bins: int = 10
) -> dict[str, Any]:
    """Measure predicted probabilities against the true classes.

    Args:
        probabilities: Class probabilities, shape (n, classes).
        labels: True classes, shape (n,).
        label_names: Class names.
        bins: Number of confidence bins for the calibration.

    Returns:
        `n`; `accuracy`; `f1` (of class 1 for two classes, else the mean over the classes); `log_loss` (mean
        negative log-likelihood of the true classes, in nats); `confusion_matrix`
        (rows: true class, columns: predicted); `calibration` with the expected calibration error (Naeini et
        al. 2015), the Brier score and, per bin of confidence, its count, mean confidence and accuracy.
    """
    classes = len(label_names)
    predicted = probabilities.argmax(axis=1)
    matrix = np.bincount(labels * classes + predicted, minlength=classes * classes).reshape(classes, classes)
    true_positives = np.diag(matrix)
    f1 = 2 * true_positives / np.maximum(matrix.sum(axis=0) + matrix.sum(axis=1), 1)
    return {
        "n": len(labels),
        "accuracy": float(true_positives.sum() / len(labels)),
        "f1": float(f1[1] if classes == 2 else f1.mean()),
        "log_loss": float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-15)).mean()),
        "label_names": label_names,
        "confusion_matrix": matrix.tolist(),
        "calibration": _calibration(probabilities, predicted == labels, labels, bins),
    }


def log_loss(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Return the mean negative log-likelihood of the true classes, in nats.

    Args:
        logits: Class scores, before the softmax, shape (n, classes).
        labels: True classes, shape (n,).
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    chosen = shifted[np.arange(len(labels)), labels]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - chosen))


def _calibration(
    probabilities: NDArray[np.float64], correct: NDArray[np.bool_], labels: NDArray[np.int64], bins: int
) -> dict[str, Any]:
    confidence = probabilities.max(axis=1)
    which = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    count = np.bincount(which, minlength=bins)
    occupied = np.maximum(count, 1)
    mean_confidence = np.bincount(which, confidence, minlength=bins) / occupied
    accuracy = np.bincount(which, correct, minlength=bins) / occupied
    truth = np.eye(probabilities.shape[1])[labels]
    return {
        "expected_calibration_error": float((count / len(labels)) @ np.abs(mean_confidence - accuracy)),
        "brier_score": float(((probabilities - truth) ** 2).sum(axis=1).mean()),
        "bins": [
            {
                "from": index / bins,
                "to": (index + 1) / bins,
                "count": int(count[index]),
                "confidence": float(mean_confidence[index]),
                "accuracy": float(accuracy[index]),
            }
            for index in range(bins)
            if count[index]
        ],
    }
