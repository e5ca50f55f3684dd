"""From measurements to the figures that are judged."""

from collections.abc import Callable, Sequence
from statistics import median

from benchmark.measurements import (
    CEILING,
    OURS,
    PEER,
    WORKSHOP,
    WORKSHOP_ONE,
    WORKSHOP_TWO,
    Load,
    Loads,
    Results,
    Serving,
    Training,
)

JUDGED_CONNECTIONS = 16


def figures(results: Results) -> dict[str, float]:
    """Return what is judged, by the key of its promise."""
    found: dict[str, float] = {}
    if results.training:
        found |= training_figures(results.training)
    if results.serving:
        found |= serving_figures(results.serving)
    return found


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds of ours / theirs: what slowed down a whole round cancels out."""
    return median(our / their for our, their in zip(ours, theirs, strict=True))


def training_figures(seen: Training) -> dict[str, float]:
    """Return accuracy in percent, and the ratios of duration and of peak memory."""
    ours, workshop = seen.runs[OURS], seen.runs[WORKSHOP]
    return {
        "accuracy": 100 * seen.accuracy[OURS],
        "training_seconds": paired_ratio([run.seconds for run in ours], [run.seconds for run in workshop]),
        "training_memory": paired_ratio(
            [run.peak_bytes for run in ours], [run.peak_bytes for run in workshop]
        ),
    }


def serving_figures(seen: Serving) -> dict[str, float]:
    """Return ratios, a worker's memory in 10^6 bytes, and seconds to start.

    Where the workshop's way was measured in two variants, the stronger is the opponent.
    """
    predictions = dict(seen.prediction_microseconds)
    ours = predictions.pop(OURS)
    workshop = (WORKSHOP_ONE, WORKSHOP_TWO)
    return {
        "predict_p50": max(paired_ratio(ours, theirs) for theirs in predictions.values()),
        "requests_workshop": min(_ratio(seen.loads, requests, name) for name in workshop),
        "requests_peer": _ratio(seen.loads, requests, PEER),
        "requests_ceiling": _ratio(seen.loads, requests, CEILING),
        "p99_workshop": max(_ratio(seen.loads, p99, name) for name in workshop),
        "worker_memory": seen.memory[OURS].resident_bytes / 1e6,
        "start_seconds": median(seen.start_seconds),
    }


def _ratio(loads: Loads, value: Callable[[Load], float], opponent: str) -> float:
    ours, theirs = ([value(load) for load in loads[name][JUDGED_CONNECTIONS]] for name in (OURS, opponent))
    return paired_ratio(ours, theirs)


def requests(load: Load) -> float:
    """Return the requests per second."""
    return load.requests_per_second


def p99(load: Load) -> float:
    """Return the 99th percentile of the latency, milliseconds."""
    return load.p99
