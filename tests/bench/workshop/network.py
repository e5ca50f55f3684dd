"""The workshop's network."""

from pathlib import Path

import torch
from torch import nn

from workshop.files import WEIGHTS

INPUT_SIZE = 10_000
HIDDEN_SIZE = 256


def new_network(input_size: int) -> nn.Sequential:
    """Return an untrained MLP; its output is log-probabilities of two classes.

    Args:
        input_size: Width of the TF-IDF rows: INPUT_SIZE, or less when the data has fewer words.
    """
    return nn.Sequential(
        nn.Linear(input_size, HIDDEN_SIZE), nn.ReLU(), nn.Linear(HIDDEN_SIZE, 2), nn.LogSoftmax(dim=1)
    )


def load_network(directory: Path) -> nn.Sequential:
    """Return the trained network of a directory, ready to predict."""
    state = torch.load(directory / WEIGHTS, weights_only=True)
    network = new_network(state["0.weight"].shape[1])
    network.load_state_dict(state)
    return network.eval()
