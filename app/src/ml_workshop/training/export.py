"""Conversion of a fitted network to the files of a model directory."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from ml_workshop.model.artifact import CONFIG, VOCABULARY, WEIGHTS, Artifact
from ml_workshop.model.config import Config, Golden
from ml_workshop.model.predictor import Predictor
from ml_workshop.text.ngrams import TOKEN_BITS, UNKNOWN, Keys
from ml_workshop.training.corpus import Corpus
from ml_workshop.training.network_training import TrainingResult
from ml_workshop.training.top_features import top_features

GOLDEN_NGRAMS = 12
"""n-grams per golden review."""


def make_artifact(trained: TrainingResult, corpus: Corpus, config: Config) -> Artifact:
    """Collect the contents of a model directory.

    Args:
        trained: Network, features and temperature; the temperature goes into the output layer.
        corpus: Training rows.
        config: Configuration without golden reviews.

    Returns:
        A model whose vocabulary has only the tokens that its n-grams use.
    """
    features, temperature = trained.fitted.features, trained.validation.temperature
    used, keys, order = _compact(features.keys)
    parameters = {name: value.detach().numpy() for name, value in trained.fitted.network.named_parameters()}
    artifact = Artifact(
        config=config,
        tokens=[corpus.text(token_id) for token_id in features.token_ids[used - 1].tolist()],
        keys=keys,
        weights=features.weights[order],
        embedding=parameters["embedding.weight"][order],
        bias=parameters["bias"],
        output_weight=(parameters["output.weight"] / temperature).astype(np.float32),
        output_bias=(parameters["output.bias"] / temperature).astype(np.float32),
    )
    return replace(artifact, config=replace(config, golden=_golden_reviews(artifact)))


def write_artifact(artifact: Artifact, directory: Path) -> None:
    """Write the weights, the vocabulary and the configuration into a directory."""
    names = ("keys", "weights", "embedding", "bias", "output_weight", "output_bias")
    tensors = {name: np.ascontiguousarray(getattr(artifact, name)) for name in names}
    save_file(tensors, directory / WEIGHTS, metadata={"format": "np"})
    (directory / WEIGHTS).chmod(0o644)
    (directory / VOCABULARY).write_text("\n".join(artifact.tokens), encoding="utf-8")
    (directory / CONFIG).write_text(artifact.config.to_json(), encoding="utf-8")


def _compact(keys: Keys) -> tuple[NDArray[np.int64], Keys, NDArray[np.int64]]:
    """Renumber tokens so that only those in use remain; ascending keys stay ascending."""
    parts = np.stack([(keys >> (TOKEN_BITS * place)) & UNKNOWN for place in (2, 1, 0)])
    used = np.unique(parts[parts > 0])
    new_ids = np.searchsorted(used, parts) + 1
    new_ids[parts == 0] = 0
    compact = (new_ids[0] << (2 * TOKEN_BITS)) | (new_ids[1] << TOKEN_BITS) | new_ids[2]
    order = np.argsort(compact)
    return used, compact[order], order


def _golden_reviews(artifact: Artifact) -> list[Golden]:
    predictor = Predictor(artifact)
    golden = []
    for ngrams in top_features(artifact, GOLDEN_NGRAMS):
        text = ". ".join(ngram for ngram, _ in ngrams)
        result = predictor.predict(text)
        golden.append(Golden(text, result.prediction, result.probability))
    return golden
