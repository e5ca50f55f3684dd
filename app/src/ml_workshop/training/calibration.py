"""Calibration of probabilities by temperature scaling."""

import numpy as np
from numpy.typing import NDArray

from ml_workshop.model.measures import log_loss


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Find the temperature that minimises the log loss of held-out rows (Guo et al. 2017).

    Args:
        logits: Class scores of rows that the network was not fitted to, shape (n, classes).
        labels: Class of each row, shape (n,).

    Returns:
        Divisor of the logits, limited to 0.5 to 5, for a few rows without an error would lead to certainty.
    """
    candidates = np.geomspace(0.5, 5, 201)
    return float(min(candidates, key=lambda temperature: log_loss(logits / temperature, labels)))
