"""The network, in PyTorch."""

import torch
from torch import Tensor, nn

INITIAL_SCALE = 0.01
"""Standard deviation of the first layer's random weights."""

EVIDENCE_SCALE = 0.03
"""First-layer weight of an n-gram that occurs in one class alone, in a hidden unit of that class."""

EVIDENCE_OUTPUT_SCALE = 0.2
"""Second-layer weight from such a unit to its class."""


class BagClassifier(nn.Module):
    """A multilayer perceptron whose first layer reads bags of weighted n-grams.

    logits = V dropout(relu(E^T x + b)) + c, with x the L2-normalised row of weights of n-grams present.
    The product E^T x is an embedding bag, so the sparse x is never made dense.
    """

    def __init__(self, features: int, hidden_size: int, classes: int, dropout: float) -> None:
        """Make a network with random weights from PyTorch's generator.

        Args:
            features: Number of n-grams.
            hidden_size: Width of the hidden layer.
            classes: Number of classes.
            dropout: Probability with which a step leaves out a hidden unit.
        """
        super().__init__()
        self.embedding = nn.EmbeddingBag(features, hidden_size, mode="sum", include_last_offset=True)
        nn.init.normal_(self.embedding.weight, std=INITIAL_SCALE)
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_size, classes)
        nn.init.zeros_(self.output.bias)  # a few rows would not undo a bias

    def init_from_evidence(self, directions: Tensor, strength: float) -> None:
        """Start near a naive Bayes classifier: each hidden unit collects the evidence for one class.

        Args:
            directions: Evidence of each n-gram for each class, -1 to 1, shape (features, classes).
            strength: 0 to 1; a high one is a bias that many rows would have to undo.
        """
        hidden_size, classes = self.embedding.weight.shape[1], directions.shape[1]
        class_of_unit = torch.arange(hidden_size) % classes
        own = torch.arange(classes)[:, None] == class_of_unit
        with torch.no_grad():
            self.embedding.weight.addmm_(directions, own.float(), alpha=strength * EVIDENCE_SCALE)
            self.output.weight += strength * EVIDENCE_OUTPUT_SCALE * torch.where(own, 1.0, -1 / (classes - 1))

    def forward(self, features: Tensor, values: Tensor, starts: Tensor) -> Tensor:
        """Return logits.

        Args:
            features: Indices of the n-grams present, documents one after the other, shape (p,).
            values: Weight of each of these n-grams, normalised within its document, shape (p,).
            starts: Offset of each document, then the end of the last one, shape (documents + 1,).

        Returns:
            Logits, shape (documents, classes).
        """
        hidden = self.embedding(features, starts, per_sample_weights=values)
        logits: Tensor = self.output(self.dropout(torch.relu(hidden + self.bias)))
        return logits
