"""From measurements to the figures that are judged."""

from collections.abc import Callable, Sequence
from statistics import median

from benchmark.measurements import (
    GATEWAY,
    NOOP,
    OURS,
    OURS_UNLOGGED,
    PEER,
    PEER_LOGGED,
    UNLABELLED,
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
    """Return accuracy in percent, log loss, and the ratios of duration and of peak memory."""
    found = {}
    for prefix, name in (("", OURS), ("unlabelled_", UNLABELLED)):
        if name not in seen.runs:
            continue
        pairs = {
            "training_seconds": [[run.seconds for run in seen.runs[way]] for way in (name, WORKSHOP)],
            "training_memory": [[run.peak_bytes for run in seen.runs[way]] for way in (name, WORKSHOP)],
        }
        found[f"{prefix}accuracy"] = 100 * seen.accuracy[name]
        found |= {f"{prefix}{key}": paired_ratio(*pair) for key, pair in pairs.items()}
    return {**found, "log_loss": seen.log_loss[OURS]}


def serving_figures(seen: Serving) -> dict[str, float]:
    """Return ratios, a worker's memory in 10^6 bytes, and seconds to start.

    A prediction of the workshop's way was timed with PyTorch's own choice of threads and with one; the faster
    is the opponent.
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
    """Return ratios that no promise is about: to variants that are stronger than what people would run."""
    return {
        "requests/s / workshop's way with 2 processes": load_ratio(seen.loads, requests, OURS, WORKSHOP_TWO),
        "p99 / workshop's way": load_ratio(seen.loads, p99, OURS, WORKSHOP_ONE),
        "p99 / workshop's way with 2 processes": load_ratio(seen.loads, p99, OURS, WORKSHOP_TWO),
        "requests/s / no-op in Flask on Gunicorn's gthread": load_ratio(seen.loads, requests, OURS, NOOP),
        "requests/s through HAProxy / without": load_ratio(seen.loads, requests, GATEWAY, OURS),
    }


def load_ratio(loads: Loads, value: Callable[[Load], float], server: str, opponent: str) -> float:
    """Return the ratio of a value of two servers, at 16 connections."""
    runs = ([value(load) for load in loads[name][JUDGED_CONNECTIONS]] for name in (server, opponent))
    return paired_ratio(*runs)


def requests(load: Load) -> float:
    """Return the requests per second."""
    return load.requests_per_second


def p99(load: Load) -> float:
    """Return the 99th percentile of the latency, milliseconds."""
    return load.p99
