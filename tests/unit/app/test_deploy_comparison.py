"""Comparison of a canary with the serving slot: tables of counts."""

import math

import pytest
from ml_workshop.deploy.comparison import Counts, Limits, binomial_tail, breaches, is_worse, two_proportion_z

LIMITS = Limits(0.001, 0.01, 0.05, 0.2, 0.1, 100)


@pytest.mark.parametrize(
    ("bad", "total", "bad_old", "total_old", "allowed", "worse"),
    [
        (0, 1000, 0, 99000, 0.001, False),
        (1, 100, 0, 9900, 0.001, False),  # one error by chance
        (1, 20, 0, 2000, 0.001, False),
        (2, 40, 0, 4000, 0.001, True),  # 5 % of errors, soon
        (10, 200, 0, 200, 0.001, True),  # at half of the traffic
        (10, 200, 10, 200, 0.001, False),  # both slots have it
        (10, 200, 500, 10000, 0.001, False),
        (1, 1000, 0, 99000, 0.001, False),  # as much as the objective allows
        (50, 10000, 900, 990000, 0.001, True),  # 0.5 %, old 0.09 %
        (5, 200, 0, 0, 0.001, True),  # the old slot had no request
        (4, 200, 0, 19800, 0.01, False),  # 2 % slow of 1 % allowed, by chance
        (60, 200, 198, 19800, 0.01, True),
        (1, 100, 0, 100, 0.0, False),  # an objective of 100 %: above it, and yet no more than the old one
        (20, 100, 0, 100, 0.0, True),
    ],
)
def test_is_worse(bad: int, total: int, bad_old: int, total_old: int, allowed: float, worse: bool) -> None:
    assert is_worse(bad, total, bad_old, total_old, allowed) is worse


def test_formulas_against_known_values() -> None:
    assert binomial_tail(1, 100, 0.001) == pytest.approx(1 - 0.999**100)
    assert binomial_tail(2, 3, 0.5) == pytest.approx(0.5)
    assert binomial_tail(0, 5, 0.5) == binomial_tail(3, 5, 1.0) == 1
    assert binomial_tail(1, 5, 0.0) == 0
    assert 0 <= binomial_tail(30_000, 1_000_000, 0.02) < 1e-9
    pooled = 62 / 450
    expected = (38 / 200 - 24 / 250) / math.sqrt(pooled * (1 - pooled) * (1 / 200 + 1 / 250))
    assert two_proportion_z(38, 200, 24, 250) == pytest.approx(expected)
    assert two_proportion_z(0, 10, 0, 10) == 0


def healthy(requests: float, **other: object) -> Counts:
    positive = requests * 0.6
    counts = {
        "requests": requests,
        "fast": requests,
        "labels": {"positive": positive, "negative": requests - positive},
        "confidence_sum": 0.9 * requests,
        "confidence_count": requests,
    }
    return Counts(**{**counts, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (healthy(200), ""),
        (Counts(), ""),
        (
            healthy(200, errors=10),
            "errors 5.00 % (10 of 200), old slot 0.00 % (0 of 19800), objective 0.10 %",
        ),
        (healthy(200, fast=140), "answers slower than 0.05 s 30.00 % (60 of 200)"),
        (healthy(200, labels={"positive": 20, "negative": 180}), "share of negative 90.00 %"),
        (healthy(90, labels={"positive": 9, "negative": 81}), ""),  # too few for shares
        (healthy(200, labels={"positive": 70, "negative": 130}), ""),  # 0.25 apart, by chance
        (healthy(200, labels={"positive": 200}), "share of negative 0.00 %"),
        (healthy(200, labels={"neutral": 200}), "share of neutral 100.00 %"),
        (healthy(200, confidence_sum=200 * 0.6), "mean confidence 0.600 of 200 predictions, old slot 0.900"),
        (healthy(200, confidence_sum=200 * 0.78), ""),  # 0.12 apart, by chance
        (healthy(200, fast=None, response_ms=120.0), "average response time 120 ms, old slot 0 ms"),
        (healthy(50, fast=None, response_ms=120.0), ""),
        (healthy(200, fast=None, response_ms=30.0), ""),
    ],
)
def test_breaches(new: Counts, expected: str) -> None:
    found = "; ".join(breaches(new, healthy(19800), LIMITS))
    assert expected in found and bool(expected) == bool(found)


def test_slow_old_slot_is_no_breach_of_the_candidate() -> None:
    slow = healthy(200, fast=None, response_ms=120.0)
    assert breaches(slow, healthy(200, fast=None, response_ms=100.0), LIMITS) == []


def test_differences_of_counters_and_a_reset() -> None:
    before = Counts(100, 5, 90, {"positive": 60}, 50, 60)
    now = Counts(150, 6, 140, {"positive": 70, "negative": 20}, 70, 90, 3.0)
    assert now.since(before) == Counts(50, 1, 50, {"positive": 10, "negative": 20}, 20, 30, 3.0)
    assert Counts(20, 1, 19).since(before) == Counts(20, 1, 19)
