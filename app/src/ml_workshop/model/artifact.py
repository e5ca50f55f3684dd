"""The files of a model directory."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_workshop.errors import ModelError
from ml_workshop.model.config import Config, read_config
from ml_workshop.model.tensors import map_tensors

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
VOCABULARY = "vocabulary.txt"
METRICS = "metrics.json"
CARD = "README.md"
MANIFEST = "manifest.json"
SIGNATURE = "model.sig"
ORIGIN = ".origin.json"
"""Written by a pull: from which repository and revision the files came. No part of the model."""


@dataclass(frozen=True)
class Artifact:
    """A model in memory; the arrays may be memory maps.

    Attributes:
        config: Sizes, class names, golden reviews.
        tokens: The tokens of the vocabulary; token id 1 is the first.
        keys: n-gram keys, ascending, shape (input_size,).
        weights: Weight of each n-gram, shape (input_size,).
        embedding: First layer, shape (input_size, hidden_size).
        bias: Bias of the first layer, shape (hidden_size,).
        output_weight: Second layer, shape (classes, hidden_size).
        output_bias: Bias of the second layer, shape (classes,).
    """

    config: Config
    tokens: list[str]
    keys: NDArray[np.int64]
    weights: NDArray[np.float32]
    embedding: NDArray[np.float32]
    bias: NDArray[np.float32]
    output_weight: NDArray[np.float32]
    output_bias: NDArray[np.float32]


def read_artifact(directory: Path) -> Artifact:
    """Map a model directory into memory.

    Raises:
        ModelError: The directory is not a model, or its parts do not fit each other or are not finite.
    """
    config = read_config(directory / CONFIG)
    tensors = map_tensors(directory / WEIGHTS)
    try:
        tokens = (directory / VOCABULARY).read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise ModelError(f"{directory / VOCABULARY} cannot be read: {error}.") from error
    features, hidden, classes = config.input_size, config.hidden_size, len(config.label_names)
    shapes = {
        "keys": (np.int64, (features,)),
        "weights": (np.float32, (features,)),
        "embedding": (np.float32, (features, hidden)),
        "bias": (np.float32, (hidden,)),
        "output_weight": (np.float32, (classes, hidden)),
        "output_bias": (np.float32, (classes,)),
    }
    for name, (kind, shape) in shapes.items():
        if name not in tensors or tensors[name].shape != shape or tensors[name].dtype != kind:
            raise ModelError(f"{directory / WEIGHTS}: tensor {name} is missing or does not fit {CONFIG}.")
        if not np.isfinite(tensors[name]).all():
            raise ModelError(f"{directory / WEIGHTS}: tensor {name} has values that are not finite.")
    artifact = Artifact(config, tokens, **{name: tensors[name] for name in shapes})  # type: ignore[arg-type]
    if not features or np.any(np.diff(artifact.keys) <= 0):
        raise ModelError(f"{directory / WEIGHTS}: the keys are not in ascending order.")
    return artifact


def read_metrics(directory: Path) -> dict[str, object]:
    """Read metrics.json.

    Raises:
        ModelError: It is missing or damaged.
    """
    try:
        metrics = json.loads((directory / METRICS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{directory / METRICS} cannot be read: {error}.") from error
    if not isinstance(metrics, dict):
        raise ModelError(f"{directory / METRICS} is not a JSON object.")
    return metrics
