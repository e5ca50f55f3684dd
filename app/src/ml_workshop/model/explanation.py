"""The contribution of each word to a prediction.

With the review's n-grams as inputs x (present or not, weighted, L2-normalised), the network is piecewise
linear:

    z = W relu(x E + b) + c,   so   z = sum over n-grams f of x_f (E_f * [x E + b > 0]) W^T + a constant

Gradient times input (Shrikumar et al. 2016, arXiv:1605.01713) is therefore no approximation here: the
contributions of the n-grams and the constant add up to the score exactly. What is explained is the lead of
the predicted class over the runner-up, z_best - z_second; with two classes that is the log-odds of the
prediction. An n-gram's contribution is shared equally by the places where it occurs, and at each of them by
its tokens.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_workshop.model.predictor import Prediction, Predictor
from ml_workshop.text.ngrams import ngram_keys
from ml_workshop.text.tokens import token_spans


@dataclass(frozen=True)
class ExplainedToken:
    """A token and its position in the text.

    Attributes:
        text: The characters of the token, as in the text.
        start: Offset of the first character, in Unicode code points.
        end: Offset after the last character.
        contribution: Log-odds of the predicted class against the runner-up; negative is evidence against it.
    """

    text: str
    start: int
    end: int
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """A prediction and the contribution of each token.

    Attributes:
        prediction: Result of `predict`.
        tokens: All tokens in the order of the text, including those that contribute nothing.
        constant: Log-odds of the predicted class against the runner-up, minus all contributions.
    """

    prediction: Prediction
    tokens: list[ExplainedToken]
    constant: float


def explain(predictor: Predictor, text: str) -> Explanation:
    """Classify a text, with the contribution of each of its tokens."""
    prediction = predictor.predict(text)
    token_ids = predictor.vocabulary.token_ids(text)
    shares, constant = _shares(predictor, token_ids, prediction.prediction)
    tokens = [
        ExplainedToken(text[start:end], start, end, share)
        for (start, end), share in zip(token_spans(text), shares.tolist(), strict=True)
    ]
    return Explanation(prediction, tokens, constant)


def _shares(
    predictor: Predictor, token_ids: NDArray[np.int64], best: int
) -> tuple[NDArray[np.float64], float]:
    """Return each token's contribution, shape (tokens,), and the constant."""
    model = predictor.artifact
    features = predictor.vocabulary.features(token_ids)
    weights = model.weights[features]
    inputs = weights / np.float32(np.sqrt(max(float(weights @ weights), 1e-12)))
    embedded = model.embedding[features]
    hidden = inputs @ embedded + model.bias
    scores = model.output_weight @ np.maximum(hidden, 0) + model.output_bias
    second = int(np.argsort(np.delete(scores, best))[-1])
    second += second >= best
    gradient = (model.output_weight[best] - model.output_weight[second]) * (hidden > 0)
    contributions = (inputs * (embedded @ gradient)).astype(np.float64)

    shares = np.zeros(len(token_ids))
    for order in range(1, predictor.vocabulary.max_order + 1):
        keys = ngram_keys(token_ids, order)
        place = np.searchsorted(model.keys[features], keys)
        np.minimum(place, max(len(features) - 1, 0), out=place)
        present = (
            np.flatnonzero(model.keys[features][place] == keys) if len(features) else np.empty(0, np.int64)
        )
        place = place[present]
        times = np.bincount(place, minlength=len(features))
        share = contributions[place] / (times[place] * order)
        for offset in range(order):
            np.add.at(shares, present + offset, share)
    constant = float(scores[best] - scores[second]) - float(contributions.sum())
    return shares, constant
