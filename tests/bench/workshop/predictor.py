"""One prediction in the workshop's way."""

from pathlib import Path

import joblib
import torch

from workshop.files import VECTORISER
from workshop.network import load_network


class Predictor:
    """The trained network behind its vectoriser."""

    def __init__(self, directory: Path) -> None:
        """Load what `workshop.train` wrote."""
        self._vectoriser = joblib.load(directory / VECTORISER)
        self._network = load_network(directory)

    def predict(self, text: str) -> int:
        """Return the class of a review, 0 or 1."""
        row = torch.tensor(self._vectoriser.transform([text]).toarray(), dtype=torch.float32)
        with torch.no_grad():
            return int(self._network(row).argmax(dim=1).item())
