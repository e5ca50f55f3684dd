"""What a run has shown, beside what it had to show."""

from collections.abc import Iterator, Mapping
from typing import Any

from ml_workshop.loadtest.figures import Figures, RouteFigures
from ml_workshop.loadtest.latencies import Latencies
from ml_workshop.loadtest.plan import Objective, Plan
from ml_workshop.loadtest.schedule import schedule

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
_NOTABLE_DELAY = 0.005
"""Seconds by which one in a hundred requests may start late before the generator itself is in doubt."""


def summary(plan: Plan, figures: Figures, seconds: float) -> dict[str, Any]:
    """Return the figures of a run as plain data.

    Args:
        plan: Of the run.
        figures: Of all processes.
        seconds: That the run took.

    Returns:
        Counts, rates per second, latencies in milliseconds (to the microsecond), shares in percent; the same
        per route; and `distribution`: latencies in microseconds and how many requests had them.
    """
    total = figures.total()
    result = {
        "mode": plan.mode,
        "processes": plan.processes,
        "seconds": round(seconds, 3),
        **_of(total, seconds),
        "objectives": [_against(objective, total) for objective in plan.objectives],
        "routes": {name: _of(route, seconds) for (_, name), route in sorted(figures.routes.items())},
    }
    if plan.mode == "open":
        result["rate_due"] = plan.rate
        result["requests_due"] = sum(1 for _ in schedule(plan.rate, plan.ramp, plan.hold))
        result["start_delay_ms"] = _milliseconds(figures.start_delays)
        result["most_in_flight"] = figures.most_in_flight
    else:
        result["users"] = plan.users
    return {**result, "distribution": dict(total.latencies.buckets)}


def problems(
    plan: Plan, result: Mapping[str, Any], errors: Mapping[str, int], finished: bool
) -> Iterator[str]:
    """Yield a sentence for each reason why a run does not pass.

    Args:
        plan: Of the run.
        result: Its summary.
        errors: What went wrong, and how often.
        finished: Whether the run came to its end.
    """
    if not finished:
        yield "The run was stopped before its end."
    if result["requests"] < plan.minimum_requests:
        yield (
            f"Only {result['requests']} requests were made, less than {plan.minimum_requests} prove nothing: "
            "let it run longer, or with more users or a higher rate."
        )
    if finished and result["requests"] < result.get("requests_due", 0):
        yield (
            f"Only {result['requests']} of {result['requests_due']} requests that were due were made: "
            "give the generator more processes or a host with more cores."
        )
    if result["wrong"]:
        yield f"{result['wrong']} of {result['requests']} answers were wrong{_most_often(errors)}."
    for objective in result["objectives"]:
        if not objective["met"]:
            yield _missed(objective, result, errors)


def _of(route: RouteFigures, seconds: float) -> dict[str, Any]:
    return {
        "requests": route.latencies.count,
        "failures": route.failures,
        "unavailable": route.unavailable,
        "wrong": route.wrong,
        "rate": round(route.latencies.count / seconds, 3) if seconds else 0.0,
        "latency_ms": _milliseconds(route.latencies),
    }


def _milliseconds(latencies: Latencies) -> dict[str, float]:
    if not latencies.count:
        return {}
    quantiles = {name: latencies.quantile(share) for name, share in _QUANTILES.items()}
    return {name: round(1000 * value, 3) for name, value in {**quantiles, "max": latencies.longest}.items()}


def _against(objective: Objective, total: RouteFigures) -> dict[str, Any]:
    requests = total.latencies.count
    if objective.threshold_seconds is None:
        good = requests - total.unavailable
    else:
        good = total.latencies.within([objective.threshold_seconds])[0]
    achieved = 100 * good / requests if requests else 0.0
    return {
        "name": objective.name,
        "objective": objective.percent,
        "threshold_seconds": objective.threshold_seconds,
        "achieved": round(achieved, 4),
        "met": achieved >= objective.percent,
    }


def _missed(objective: Mapping[str, Any], result: Mapping[str, Any], errors: Mapping[str, int]) -> str:
    figures = f"the objective is {objective['objective']:g} %"
    if objective["threshold_seconds"] is None:
        return (
            f"{objective['achieved']:g} % of the requests were answered without a 5xx, {figures}"
            f"{_most_often(errors)}."
        )
    sentence = (
        f"{objective['achieved']:g} % of the requests took at most "
        f"{1000 * objective['threshold_seconds']:g} ms, {figures}."
    )
    late = result.get("start_delay_ms", {}).get("p99", 0.0)
    if late > 1000 * _NOTABLE_DELAY:
        sentence += (
            f" The generator itself was late by {late:g} ms (p99), which counts as latency: "
            "give it more processes or a host with more cores."
        )
    return sentence


def _most_often(errors: Mapping[str, int]) -> str:
    return f"; most often: {max(errors, key=lambda error: errors[error])}" if errors else ""
