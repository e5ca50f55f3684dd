"""Summary of a run, and its comparison with the plan's objectives."""

from collections.abc import Iterator, Mapping
from typing import Any

from ml_workshop.loadtest.plan import Objective, Plan
from ml_workshop.loadtest.request_stats import Latencies, RequestStats, RouteStats

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
_MORE_CAPACITY = "raise --processes, or use a host with more cores"
_NOTABLE_DELAY_MS = 5
"""A p99 of the start delays above it makes the generator itself a suspect."""


def summary(plan: Plan, stats: RequestStats, seconds: float) -> dict[str, Any]:
    """Return the result of a run of all processes that took so many seconds.

    Returns:
        Counts, rates per second, latencies in milliseconds (to the microsecond), shares in percent; the same
        per route; and `distribution`: the number of requests by latency in microseconds.
    """
    total = stats.total()
    result = {
        "mode": plan.mode,
        "processes": plan.processes,
        "seconds": round(seconds, 3),
        **_route_summary(total, seconds),
        "objectives": [_objective_summary(objective, total) for objective in plan.objectives],
        "routes": {name: _route_summary(route, seconds) for (_, name), route in sorted(stats.routes.items())},
    }
    if plan.mode == "open":
        result["rate_due"] = plan.rate
        result["requests_due"] = sum(1 for _ in plan.arrivals())
        result["start_delay_ms"] = _milliseconds(stats.start_delays)
        result["most_in_flight"] = stats.most_in_flight
    else:
        result["users"] = plan.users
    return {**result, "distribution": dict(total.latencies.buckets)}


def problems(
    plan: Plan, result: Mapping[str, Any], errors: Mapping[str, int], finished: bool
) -> Iterator[str]:
    """Yield a sentence for each reason why a run does not pass.

    Args:
        plan: Plan of the run.
        result: Summary of the run.
        errors: Error messages and their counts.
        finished: Whether the run was not stopped before its end.
    """
    if not finished:
        yield "The run was stopped before its end."
    if result["requests"] < plan.minimum_requests:
        yield (
            f"Only {result['requests']} requests were made, fewer than the minimum of "
            f"{plan.minimum_requests}: raise --hold or {'--rate' if plan.mode == 'open' else '--users'}, "
            "or lower --minimum-requests."
        )
    if finished and result["requests"] < result.get("requests_due", 0):
        yield (
            f"Only {result['requests']} of {result['requests_due']} requests that were due were made: "
            f"{_MORE_CAPACITY}."
        )
    most_often = f"; most often: {max(errors, key=lambda error: errors[error])}" if errors else ""
    if result["wrong"]:
        yield f"{result['wrong']} of {result['requests']} answers were wrong{most_often}."
    for objective in result["objectives"]:
        if not objective["met"]:
            yield _missed(objective, result, most_often)


def _route_summary(route: RouteStats, seconds: float) -> dict[str, Any]:
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


def _objective_summary(objective: Objective, total: RouteStats) -> dict[str, Any]:
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


def _missed(objective: Mapping[str, Any], result: Mapping[str, Any], most_often: str) -> str:
    share, threshold = f"{objective['achieved']:g} % of the requests", objective["threshold_seconds"]
    goal = f"the objective is {objective['objective']:g} %"
    if threshold is None:
        return f"{share} were answered without a 5xx, {goal}{most_often}."
    sentence = f"{share} took at most {1000 * threshold:g} ms, {goal}."
    late = result.get("start_delay_ms", {}).get("p99", 0.0)
    if late > _NOTABLE_DELAY_MS:
        sentence += (
            f" The generator itself was late by {late:g} ms (p99), which counts as latency: {_MORE_CAPACITY}."
        )
    return sentence
