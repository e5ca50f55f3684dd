"""Measures against values calculated by hand."""

import numpy as np
import pytest
from ml_workshop.model.measures import measure
from ml_workshop.training.calibration import fit_temperature


def test_two_classes() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8], [0.8, 0.2]])
    measured = measure(probabilities, np.array([0, 0, 1, 1, 1]), ["negative", "positive"])
    assert measured["n"] == 5
    assert measured["accuracy"] == pytest.approx(3 / 5)
    assert measured["confusion_matrix"] == [[1, 1], [1, 2]]
    assert measured["f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert measured["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.7, 0.8, 0.2]).mean())


def test_several_classes_use_the_mean_f1() -> None:
    probabilities = np.eye(3)[[0, 1, 2, 2]]
    measured = measure(probabilities, np.array([0, 1, 2, 1]), ["a", "b", "c"])
    assert measured["f1"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)


def test_calibration_of_an_overconfident_classifier() -> None:
    probabilities = np.tile([[0.95, 0.05]], (10, 1))
    calibration = measure(probabilities, np.array([0] * 7 + [1] * 3), ["a", "b"])["calibration"]
    assert calibration["expected_calibration_error"] == pytest.approx(0.25)
    assert calibration["brier_score"] == pytest.approx(0.7 * 2 * 0.05**2 + 0.3 * 2 * 0.95**2)
    assert calibration["bins"] == [
        {
            "from": 0.9,
            "to": 1.0,
            "count": 10,
            "confidence": pytest.approx(0.95),
            "accuracy": pytest.approx(0.7),
        }
    ]


def test_temperature_undoes_a_factor() -> None:
    generator = np.random.default_rng(0)
    calibrated = generator.normal(size=(5000, 3)) * 2
    shares = np.exp(calibrated) / np.exp(calibrated).sum(axis=1, keepdims=True)
    labels = np.array([generator.choice(3, p=share) for share in shares])
    assert fit_temperature((calibrated * 3).astype(np.float32), labels) == pytest.approx(3, rel=0.1)
