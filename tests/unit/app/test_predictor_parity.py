"""Served predictions equal those of the PyTorch network, with an independent search for n-grams."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from in_memory import load_dataset
from ml_workshop.model.artifact import Artifact, read_artifact
from ml_workshop.model.config import Config
from ml_workshop.model.predictor import Predictor
from ml_workshop.text.ngrams import TOKEN_BITS
from ml_workshop.training.network import BagClassifier
from plain_tokens import all_ngrams

pytestmark = pytest.mark.slow

IMDB = Path(__file__).parents[4] / "shared/data/imdb"
REVIEWS = 1000


@pytest.fixture(scope="module")
def reviews() -> list[str]:
    """Reviews of IMDB if it is there, else of the sample, forwards and backwards."""
    if IMDB.is_dir():
        parquet = pytest.importorskip("pyarrow.parquet")
        texts = parquet.read_table(IMDB / "test.parquet", columns=["text"])["text"].to_pylist()
        return random.Random(0).sample(texts, REVIEWS)  # noqa: S311
    dataset = load_dataset("sample")
    texts = [*dataset.train.texts, *dataset.test.texts]
    return [*texts, *(" ".join(text.split()[::-1]) for text in texts)][:REVIEWS]


def full_size_model(reviews: list[str], size: int = 100_000) -> Artifact:
    """A model of the usual size, with n-grams of these reviews and random weights."""
    ngrams = sorted(set().union(*map(all_ngrams, reviews)))
    ngrams = random.Random(0).sample(ngrams, min(size, len(ngrams)))  # noqa: S311
    tokens = sorted({token for ngram in ngrams for token in ngram})
    ids = {token: number for number, token in enumerate(tokens, start=1)}

    def key(ngram: tuple[str, ...]) -> int:
        return sum(ids[token] << TOKEN_BITS * place for place, token in enumerate(reversed(ngram)))

    drawn = np.random.default_rng(0)
    hidden = 32
    config = Config(["negative", "positive"], len(ngrams), hidden, 3, "", "", "", "", {})
    return Artifact(
        config,
        tokens,
        np.sort(np.array([key(ngram) for ngram in ngrams], np.int64)),
        drawn.random(len(ngrams), np.float32) * 3,
        drawn.standard_normal((len(ngrams), hidden), np.float32),
        drawn.standard_normal(hidden, np.float32),
        drawn.standard_normal((2, hidden), np.float32),
        drawn.standard_normal(2, np.float32),
    )


def by_pytorch(artifact: Artifact, texts: list[str]) -> np.ndarray:
    """Probabilities by the PyTorch network, shape (texts, classes)."""
    config = artifact.config
    network = BagClassifier(
        config.input_size, config.hidden_size, len(config.label_names), dropout=0.5
    ).eval()
    network.load_state_dict(
        {
            "embedding.weight": torch.tensor(artifact.embedding),
            "bias": torch.tensor(artifact.bias),
            "output.weight": torch.tensor(artifact.output_weight),
            "output.bias": torch.tensor(artifact.output_bias),
        }
    )
    mask = (1 << TOKEN_BITS) - 1
    feature_of = {}
    for feature, key in enumerate(artifact.keys.tolist()):
        parts = [key >> TOKEN_BITS * place & mask for place in (2, 1, 0)]
        feature_of[tuple(artifact.tokens[part - 1] for part in parts if part)] = feature
    weights = torch.tensor(artifact.weights)
    probabilities = []
    with torch.inference_mode():
        for text in texts:
            present = torch.tensor(
                sorted(feature_of[ngram] for ngram in all_ngrams(text) if ngram in feature_of),
                dtype=torch.int64,
            )
            values = weights[present] / weights[present].norm().clamp_min(1e-12)
            logits = network(present, values, torch.tensor([0, len(present)]))[0]
            probabilities.append(logits.softmax(0).numpy())
    return np.array(probabilities)


@pytest.mark.parametrize("which", ["trained", "full size"])
def test_predictions_equal_those_of_the_pytorch_network(
    which: str, trained: Path, reviews: list[str]
) -> None:
    artifact = read_artifact(trained) if which == "trained" else full_size_model(reviews)
    predictor = Predictor(artifact)
    predictions = [predictor.predict(text) for text in [*reviews, "", "xyzzy", "\0"]]
    expected = by_pytorch(artifact, [*reviews, "", "xyzzy", "\0"])
    assert len(reviews) == REVIEWS
    assert [one.prediction for one in predictions] == expected.argmax(axis=1).tolist()
    worst = np.abs([one.probability for one in predictions] - expected.max(axis=1)).max()
    print(f"{len(artifact.keys)} n-grams, {REVIEWS} reviews: largest difference {worst:.1e}")
    assert worst < 1e-5
