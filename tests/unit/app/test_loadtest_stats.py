"""Statistics of a load test: precision, merging, and the comparison with objectives."""

import json
import random
from itertools import chain, pairwise
from typing import Any

import pytest
from ml_workshop.loadtest.exporter import EDGES
from ml_workshop.loadtest.plan import Objective, Plan
from ml_workshop.loadtest.request_stats import Latencies, Outcome, RequestStats
from ml_workshop.loadtest.slo_check import problems, summary
from ml_workshop.serving.metrics import SECONDS

AVAILABILITY, LATENCY = Objective("availability", 99.9), Objective("latency", 99.0, 0.05)


def plan(**changes: Any) -> Plan:
    plain = {"mode": "closed", "users": 5, "rate": 10.0, "ramp": 0.0, "hold": 1.0, "processes": 1}
    more = {"minimum_requests": 10, "objectives": [AVAILABILITY, LATENCY], "output": "."}
    return Plan(**{**plain, **more, **changes})


def latencies(values: list[float]) -> Latencies:
    counted = Latencies()
    for value in values:
        counted.record(value)
    return counted


@pytest.fixture
def durations() -> list[float]:
    """Durations of 10 microseconds to 30 seconds, most of them around a millisecond."""
    draw = random.Random(1)  # noqa: S311
    return sorted(min(30.0, 1e-5 + draw.lognormvariate(-7, 1.5)) for _ in range(20_000))


def test_quantiles_are_exact_to_a_thousandth_and_to_the_microsecond_below_2_ms(
    durations: list[float],
) -> None:
    counted = latencies(durations)
    for share in (0.0001, 0.5, 0.9, 0.99, 0.999, 1.0):
        exact = durations[max(round(share * len(durations)), 1) - 1]
        assert counted.quantile(share) == pytest.approx(exact, abs=1e-6 if exact < 0.002 else exact / 1000)
    assert counted.longest == durations[-1]
    assert counted.seconds == pytest.approx(sum(durations))


def test_counts_below_an_edge_are_those_of_the_durations(durations: list[float]) -> None:
    counted = latencies([*durations, 0.05, 0.0005])  # on an edge counts as within it
    exact = [sum(value <= edge for value in [*durations, 0.05, 0.0005]) for edge in EDGES]
    assert counted.within(EDGES) == pytest.approx(exact, rel=0.001)
    assert latencies([0.05]).within([0.049, 0.05, 0.06]) == [0, 1, 1]
    assert Latencies().within([1.0, 2.0]) == [0, 0]


def test_processes_merge_into_what_one_would_have_counted(durations: list[float]) -> None:
    one, halves = RequestStats(), [RequestStats(), RequestStats()]
    outcomes = [Outcome.RIGHT, Outcome.WRONG, Outcome.UNAVAILABLE]
    for number, seconds in enumerate(durations):
        route = ("POST", "/predict" if number % 5 else "/predict (batch)")
        for stats in (one, halves[number % 2]):
            stats.record(*route, seconds, outcomes[number % 3])
    merged = RequestStats()
    for half in halves:
        merged.add(RequestStats.from_message(json.loads(json.dumps(half.to_message()))))
    assert merged.total().latencies.buckets == one.total().latencies.buckets
    assert {key: (r.wrong, r.unavailable, r.latencies.count) for key, r in merged.routes.items()} == {
        key: (r.wrong, r.unavailable, r.latencies.count) for key, r in one.routes.items()
    }


def test_dashboards_can_lay_the_client_s_buckets_over_the_server_s() -> None:
    assert set(SECONDS) < set(EDGES)


def test_arrivals_keep_the_rate_and_processes_take_turns() -> None:
    due = list(plan(rate=100, ramp=2, hold=3).arrivals())
    assert len(due) == 100 + 300
    assert sum(moment < 1 for moment in due) == 25  # the rate is half way up by then
    assert all(later - earlier == pytest.approx(0.01) for earlier, later in pairwise(due[100:]))
    shares = [list(plan(rate=100, ramp=2, hold=3).arrivals(index, 3)) for index in range(3)]
    assert sorted(chain.from_iterable(shares)) == due


def found_problems(stats: RequestStats, finished: bool = True, **changes: Any) -> list[str]:
    result = summary(plan(**changes), stats, 1.0)
    return list(problems(plan(**changes), result, {"connection refused": 3, "timed out": 1}, finished))


def sent(right: int = 0, wrong: int = 0, unavailable: int = 0, seconds: float = 0.001) -> RequestStats:
    made = RequestStats()
    for outcome, count in zip(Outcome, (right, wrong, unavailable), strict=True):
        for _ in range(count):
            made.record("POST", "/predict", seconds, outcome)
    return made


def test_a_good_run_has_no_problem() -> None:
    assert found_problems(sent(right=999, unavailable=1)) == []


@pytest.mark.parametrize(
    ("made", "changes", "sentence"),
    [
        (
            sent(right=9),
            {},
            "Only 9 requests were made, fewer than the minimum of 10: raise --hold or --users",
        ),
        (
            sent(),
            {"mode": "open"},
            "Only 0 requests were made, fewer than the minimum of 10: raise --hold or --rate",
        ),
        (sent(right=999, wrong=1), {}, "1 of 1000 answers were wrong; most often: connection refused."),
        (
            sent(right=998, unavailable=2),
            {},
            "99.8 % of the requests were answered without a 5xx, the objective is 99.9 %; most often: conn",
        ),
        (sent(right=100, seconds=0.06), {}, "0 % of the requests took at most 50 ms, the objective is 99 %."),
        (sent(right=100), {"finished": False}, "The run was stopped before its end."),
    ],
)
def test_each_problem_has_its_message(made: RequestStats, changes: dict[str, Any], sentence: str) -> None:
    assert sentence in found_problems(made, **changes)[0]


def test_a_generator_that_is_late_is_named() -> None:
    made = sent(right=100, seconds=0.06)
    for _ in range(100):
        made.start_delays.record(0.03)
    assert "generator itself was late by 30" in found_problems(made, mode="open")[0]
    assert "generator" not in found_problems(sent(right=100, seconds=0.06), mode="open")[0]
