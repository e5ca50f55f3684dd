"""From measurements to the figures that the bars compare."""

from collections.abc import Callable, Sequence
from statistics import median

from benchmark.measurements import (
    GATEWAY,
    NOOP,
    OURS,
    OURS_UNLOGGED,
    PEER,
    PEER_LOGGED,
    WORKSHOP,
    WORKSHOP_ONE,
    WORKSHOP_TWO,
    Load,
    Loads,
    Results,
    Serving,
    Training,
)

COMPARED_CONNECTIONS = 16


def figures(results: Results) -> dict[str, float]:
    """Return the figures by the key of their bar."""
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

    A prediction of the workshop was timed with PyTorch's own choice of threads and with one; the faster
    is compared.
    """
    predictions = dict(seen.prediction_microseconds)
    ours = predictions.pop(OURS)
    return {
        "predict_p50": max(paired_ratio(ours, theirs) for theirs in predictions.values()),
        "requests_workshop": load_ratio(seen.loads, requests, OURS, WORKSHOP_ONE),
        "requests_peer": load_ratio(seen.loads, requests, OURS_UNLOGGED, PEER),
        "requests_peer_logged": load_ratio(seen.loads, requests, OURS, PEER_LOGGED),
        "requests_gateway": load_ratio(seen.loads, requests, GATEWAY, WORKSHOP_ONE),
        "p99_gateway": load_ratio(seen.loads, p99, GATEWAY, WORKSHOP_ONE),
        "worker_memory": seen.memory[OURS].resident_bytes / 1e6,
        "start_seconds": median(seen.start_seconds),
    }


def further_ratios(seen: Serving) -> dict[str, float]:
    """Return ratios without a bar: to variants that are stronger than what is usually run."""
    return {
        "requests/s / workshop with 2 processes": load_ratio(seen.loads, requests, OURS, WORKSHOP_TWO),
        "p99 / workshop": load_ratio(seen.loads, p99, OURS, WORKSHOP_ONE),
        "p99 / workshop with 2 processes": load_ratio(seen.loads, p99, OURS, WORKSHOP_TWO),
        "requests/s / no-op in Flask on Gunicorn's gthread": load_ratio(seen.loads, requests, OURS, NOOP),
        "requests/s through HAProxy / without": load_ratio(seen.loads, requests, GATEWAY, OURS),
    }


def load_ratio(loads: Loads, value: Callable[[Load], float], server: str, other: str) -> float:
    """Return the ratio of a value of two servers, at 16 connections."""
    runs = ([value(load) for load in loads[name][COMPARED_CONNECTIONS]] for name in (server, other))
    return paired_ratio(*runs)


def requests(load: Load) -> float:
    """Return the requests per second."""
    return load.requests_per_second


def p99(load: Load) -> float:
    """Return the 99th percentile of the latency, milliseconds."""
    return load.p99
