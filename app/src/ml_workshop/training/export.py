"""From a fitted network to the files of a model directory."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from ml_workshop.model.artifact import CONFIG, VOCABULARY, WEIGHTS, Artifact
from ml_workshop.model.config import Config, Golden
from ml_workshop.model.predictor import Predictor
from ml_workshop.text.ngrams import TOKEN_BITS, UNKNOWN, Keys
from ml_workshop.training.learning import Learnt
from ml_workshop.training.telling import telling_ngrams

GOLDEN_NGRAMS = 12
"""n-grams per golden review."""


def make_artifact(learnt: Learnt, tokens: list[str], keys: Keys, config: Config) -> Artifact:
    """Collect what a model directory holds.

    Args:
        learnt: Network, features and temperature; the temperature goes into the output layer.
        tokens: All tokens of the corpus.
        keys: All n-grams over the ids of `tokens`, ascending, shape (u,).
        config: Without golden reviews.

    Returns:
        A model whose vocabulary has only the tokens that its n-grams use.
    """
    kept_tokens, kept_keys, order = _compact(tokens, keys[learnt.features.selected])
    temperature = learnt.validation.temperature
    parameters = {name: value.detach().numpy() for name, value in learnt.network.named_parameters()}
    artifact = Artifact(
        config=config,
        tokens=kept_tokens,
        keys=kept_keys,
        weights=learnt.features.weights[order],
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


def _compact(tokens: list[str], keys: Keys) -> tuple[list[str], Keys, NDArray[np.int64]]:
    """Renumber tokens so that only those in use remain; ascending keys stay ascending."""
    parts = np.stack([(keys >> (TOKEN_BITS * place)) & UNKNOWN for place in (2, 1, 0)])
    used = np.unique(parts[parts > 0])
    new_ids = np.searchsorted(used, parts) + 1
    new_ids[parts == 0] = 0
    compact = (new_ids[0] << (2 * TOKEN_BITS)) | (new_ids[1] << TOKEN_BITS) | new_ids[2]
    order = np.argsort(compact)
    return [tokens[token_id - 1] for token_id in used], compact[order], order


def _golden_reviews(artifact: Artifact) -> list[Golden]:
    predictor = Predictor(artifact)
    golden = []
    for ngrams in telling_ngrams(artifact, GOLDEN_NGRAMS):
        text = ". ".join(ngram for ngram, _ in ngrams)
        said = predictor.predict(text)
        golden.append(Golden(text, said.prediction, said.probability))
    return golden
