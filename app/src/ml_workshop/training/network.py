"""The network, in PyTorch."""

import torch
from torch import Tensor, nn


class BagClassifier(nn.Module):
    """A multilayer perceptron whose first layer reads bags of weighted n-grams.

    logits = V dropout(relu(E^T x + b)) + c, with x the L2-normalised row of weights of n-grams present.
    The product E^T x is an embedding bag, so the sparse x is never made dense.
    """

    def __init__(
        self, weights: Tensor, hidden_size: int, classes: int, feature_dropout: float, dropout: float
    ) -> None:
        """Make a network with random weights from PyTorch's generator.

        Args:
            weights: Weight of each n-gram, shape (features,).
            hidden_size: Width of the hidden layer.
            classes: Number of classes.
            feature_dropout: Probability with which a step leaves out an n-gram of a review.
            dropout: Probability with which a step leaves out a hidden unit.
        """
        super().__init__()
        self.weights: Tensor
        self.register_buffer("weights", weights)
        self.feature_dropout = feature_dropout
        self.embedding = nn.EmbeddingBag(len(weights), hidden_size, mode="sum", include_last_offset=True)
        nn.init.normal_(self.embedding.weight, std=INITIAL_SCALE)
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_size, classes)

    def forward(self, features: Tensor, starts: Tensor) -> Tensor:
        """Return logits.

        Args:
            features: Indices of the n-grams present, documents one after the other, shape (p,).
            starts: Where each document begins, with the end of the last, shape (documents + 1,).

        Returns:
            Logits, shape (documents, classes).
        """
        values = self.weights[features]
        if self.training and self.feature_dropout:
            values = values * (torch.rand_like(values) >= self.feature_dropout)
        lengths = starts.diff()
        document = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        squares = torch.zeros(len(lengths)).index_add_(0, document, values.square())
        values = values * squares.clamp_min(1e-12).rsqrt()[document]
        hidden = self.embedding(features, starts, per_sample_weights=values)
        logits: Tensor = self.output(self.dropout(torch.relu(hidden + self.bias)))
        return logits


INITIAL_SCALE = 0.01
