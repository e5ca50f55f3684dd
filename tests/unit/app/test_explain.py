"""Explanations: tokens with their offsets, and contributions that add up to the score."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ml_workshop.model.explanation import explain
from ml_workshop.model.predictor import Predictor
from ml_workshop.text.tokens import token_spans, tokenize

GOOD = "A delightful film. I loved it and laughed all the way home."
MIXED = (
    "A delightful, delightful film, but what a tedious<br />mess; I want my money back. It\u2019s not bad."
)

# Letters whose lower case is longer or depends on their place, what is normalised, pairs, halves of pairs.
texts = st.text(st.sampled_from("aA1' \u2019.!İΣßé\u0307🎬\ud800<br />"), max_size=40) | st.text(max_size=40)


@pytest.fixture(scope="module")
def predictor(trained: Path) -> Predictor:
    return Predictor.load(trained)


@pytest.fixture(scope="module")
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client()


@given(texts)
@example("İstanbul<br />İİ it\u2019s ΌΣΟΣ 🎬")
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_spans_are_the_places_of_the_tokens(text: str) -> None:
    spans = token_spans(text)
    tokens = tokenize(text)
    assert len(spans) == len(tokens)
    end_before = 0
    for (start, end), token in zip(spans, tokens, strict=True):
        assert end_before <= start < end <= len(text)
        written = text[start:end].lower().replace("\u2019", "'")
        assert token.casefold() in written.casefold()
        end_before = end


def test_offsets_are_code_points_of_the_text_that_was_sent(client: FlaskClient) -> None:
    for text in ("🎬🎬 Great İstanbul movie", "\ud800 GREAT film", "It\u2019s<br />great"):
        tokens = client.post("/explain", json={"text": text}).get_json()["tokens"]
        assert [token["text"] for token in tokens] == [
            text[token["start"] : token["end"]] for token in tokens
        ]
    assert [token["text"] for token in tokens] == ["It\u2019s", "great"]


@pytest.mark.parametrize("text", [GOOD, MIXED, "xyzzy", "🎬", GOOD * 50])
def test_contributions_add_up_to_the_score(predictor: Predictor, text: str) -> None:
    explanation = explain(predictor, text)
    assert explanation.prediction == predictor.predict(text)
    total = explanation.constant + sum(token.contribution for token in explanation.tokens)
    probability = explanation.prediction.probability
    assert total == pytest.approx(math.log(probability / (1 - probability)), abs=1e-4)


def test_a_contribution_is_the_gradient_times_the_input(predictor: Predictor) -> None:
    """Gradient from finite differences of the inputs."""
    model = predictor.artifact
    features = predictor.vocabulary.features(predictor.vocabulary.token_ids(MIXED))
    weights = model.weights[features].astype(np.float64)
    inputs = weights / np.linalg.norm(weights)

    def lead(inputs: "np.ndarray") -> float:
        hidden = np.maximum(inputs @ model.embedding[features] + model.bias, 0)
        scores = model.output_weight @ hidden + model.output_bias
        return float(scores[best] - scores[1 - best])

    explanation = explain(predictor, MIXED)
    best = explanation.prediction.prediction
    step = 1e-6 * np.eye(len(inputs))
    gradient = np.array([(lead(inputs + way) - lead(inputs - way)) / 2e-6 for way in step])
    total = sum(token.contribution for token in explanation.tokens)
    assert total == pytest.approx(float(gradient @ inputs), abs=1e-3)


def test_contributions_have_the_sign_of_the_class(client: FlaskClient) -> None:
    answer = client.post("/explain", json={"text": "A delightful film. Tedious."}).get_json()
    by_word = {token["text"]: token["contribution"] for token in answer["tokens"]}
    sign = 1 if answer["label"] == "positive" else -1
    assert sign * by_word["delightful"] > 0 > sign * by_word["Tedious"]


def test_the_prediction_is_that_of_predict(client: FlaskClient) -> None:
    explained = client.post("/explain", json={"text": GOOD}).get_json()
    del explained["tokens"]
    assert explained == client.post("/predict", json={"text": GOOD}).get_json()


def test_one_text_only(client: FlaskClient) -> None:
    for content in ({"texts": [GOOD]}, {"text": ""}, {}, [GOOD]):
        response = client.post("/explain", json=content)
        assert response.status_code == 422
        assert response.get_json()["error"]


def test_the_length_of_a_text_is_bounded(client: FlaskClient) -> None:
    """The explanation of a text of punctuation is a hundred times as long as the text."""
    longest = client.post("/explain", json={"text": "!" * 16_384})
    assert longest.status_code == 200
    assert len(longest.get_json()["tokens"]) == 16_384
    refused = client.post("/explain", json={"text": "!" * 16_385})
    assert refused.status_code == 422
    assert "16385 characters; at most 16384" in refused.get_json()["error"]
    assert client.post("/predict", json={"text": "!" * 16_385}).status_code == 200
