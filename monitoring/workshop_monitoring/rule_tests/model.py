"""Tests of the alerts on the model."""

from workshop_monitoring.rule_tests import Fires, Scenario

_SERVICE = 'job="inference", instance="instance-a:8405", slot="blue"'
_CANARY = 'job="inference", instance="instance-a:8405", slot="green"'
_TICKET = {"severity": "ticket"}
_DAY = 86400

_ENOUGH, _TOO_FEW = 120, 70
"""Predictions an hour, of which the last six hours have to hold 500: from 4 h 10 min on, or never."""


def _predictions(an_hour: int, positive: float = 0.5) -> dict[str, str]:
    """Counters of a day, a sample every six minutes."""
    shares = {"positive": positive, "negative": 1 - positive}
    return {
        f'ml_workshop_predictions_total{{{_SERVICE}, label="{label}"}}': f"0+{an_hour / 10 * share:g}x240"
        for label, share in shares.items()
    }


def _mean(metric: str, mean: float, baseline: str, tested: float) -> dict[str, str]:
    """A histogram with this mean, and what it was when the model was tested."""
    return {
        f"ml_workshop_{metric}_sum{{{_SERVICE}}}": f"0+{12 * mean:g}x240",
        f"ml_workshop_{metric}_count{{{_SERVICE}}}": "0+12x240",
        f"ml_workshop_model_baseline_{baseline}{{{_SERVICE}}}": f"{tested}x240",
    }


def _unknown_words(share: float) -> dict[str, str]:
    return _mean("out_of_vocabulary_ratio", share, "out_of_vocabulary_ratio", tested=0.05)


def _confidence(mean: float) -> dict[str, str]:
    return _mean("prediction_confidence", mean, "confidence", tested=0.9)


def _shares(positive: float) -> dict[str, str]:
    return {
        f'ml_workshop_model_baseline_class_share{{{_SERVICE}, label="positive"}}': f"{positive}x240",
        f'ml_workshop_model_baseline_class_share{{{_SERVICE}, label="negative"}}': f"{1 - positive:g}x240",
    }


SCENARIOS = (
    Scenario(
        # 90 days are over at half an hour.
        "A model of more than 90 days is reported after an hour",
        "ModelTooOld",
        {
            f"ml_workshop_model_created_timestamp_seconds{{{_SERVICE}}}": f"{1800 - 90 * _DAY}x300",
            # A younger canary in the other slot.
            f"ml_workshop_model_created_timestamp_seconds{{{_CANARY}}}": "0x300",
        },
        silent=("30m", "90m"),
        fires=Fires(
            "96m",
            {"job": "inference", "instance": "instance-a:8405"} | _TICKET,
            "The model on instance-a:8405 is old",
            "The model that instance-a:8405 serves was trained 90d 1h 6m 0s ago, more than 90 days.",
        ),
    ),
    Scenario(
        "Reviews in unknown words are reported after half an hour",
        "ModelVocabularyDrift",
        _predictions(_ENOUGH) | _unknown_words(0.2),
        interval="6m",
        silent=("4h36m",),
        fires=Fires(
            "4h48m",
            _TICKET,
            "Reviews contain more unknown words than the test reviews",
            "The share of words that the vocabulary does not have is 15% (of all words) away from "
            "that of the test reviews, over the last 6 hours.",
        ),
    ),
    Scenario(
        "Reviews with a few more unknown words are not",
        "ModelVocabularyDrift",
        _predictions(_ENOUGH) | _unknown_words(0.13),
        interval="6m",
        silent=("10h",),
    ),
    Scenario(
        "A few reviews in unknown words are not",
        "ModelVocabularyDrift",
        _predictions(_TOO_FEW) | _unknown_words(0.2),
        interval="6m",
        silent=("10h",),
    ),
    Scenario(
        "A class that is predicted far more often is reported",
        "ModelClassDrift",
        _predictions(_ENOUGH, positive=0.8) | _shares(positive=0.5),
        interval="6m",
        silent=("4h36m",),
        fires=Fires(
            "4h48m",
            {"label": "positive"} | _TICKET,
            "More predictions than usual are positive",
            "The share of positive predictions is 30% (of all predictions) above "
            "that of the test reviews, over the last 6 hours.",
        ),
    ),
    Scenario(
        "A class that is predicted somewhat more often is not",
        "ModelClassDrift",
        _predictions(_ENOUGH, positive=0.65) | _shares(positive=0.5),
        interval="6m",
        silent=("10h",),
    ),
    Scenario(
        "A few predictions of one class are not",
        "ModelClassDrift",
        _predictions(_TOO_FEW, positive=0.8) | _shares(positive=0.5),
        interval="6m",
        silent=("10h",),
    ),
    Scenario(
        "A model that became unsure is reported",
        "ModelConfidenceDrift",
        _predictions(_ENOUGH) | _confidence(0.75),
        interval="6m",
        silent=("4h36m",),
        fires=Fires(
            "4h48m",
            _TICKET,
            "The model's confidence differs from that on the test reviews",
            "The mean confidence is 15% away from that over the test reviews, over the last 6 hours.",
        ),
    ),
    Scenario(
        "A model that is a little less sure is not",
        "ModelConfidenceDrift",
        _predictions(_ENOUGH) | _confidence(0.82),
        interval="6m",
        silent=("10h",),
    ),
    Scenario(
        "A few unsure predictions are not",
        "ModelConfidenceDrift",
        _predictions(_TOO_FEW) | _confidence(0.75),
        interval="6m",
        silent=("10h",),
    ),
)
