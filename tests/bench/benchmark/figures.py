"""The figures of a run, which are compared with the thresholds."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from statistics import median

from benchmark.measurements import (
    GATEWAY,
    GATEWAY_TLS,
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

COMPARED_CONNECTIONS = 16


def figures(results: Results) -> dict[str, float]:
    """Return the figures by the key of their threshold."""
    found: dict[str, float] = {}
    if results.training:
        found |= training_figures(results.training)
    if results.serving:
        found |= serving_figures(results.serving)
    return found


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds of ours / theirs: what slowed down a whole round cancels out."""
    return median(our / their for our, their in zip(ours, theirs, strict=True))


def training_figures(measured: Training) -> dict[str, float]:
    """Return accuracy in percent, log loss, and the ratios of duration and of peak memory."""
    found = {}
    for prefix, name in (("", OURS), ("unlabelled_", UNLABELLED)):
        if name not in measured.runs:
            continue
        pairs = {
            "training_seconds": [[run.seconds for run in measured.runs[way]] for way in (name, WORKSHOP)],
            "training_memory": [[run.peak_bytes for run in measured.runs[way]] for way in (name, WORKSHOP)],
        }
        found[f"{prefix}accuracy"] = 100 * measured.accuracy[name]
        found |= {f"{prefix}{key}": paired_ratio(*pair) for key, pair in pairs.items()}
    return {**found, "log_loss": measured.log_loss[OURS]}


def serving_figures(measured: Serving) -> dict[str, float]:
    """Return ratios, a worker's memory in 10^6 bytes, and seconds to start.

    A prediction of the workshop was timed with PyTorch's own choice of threads and with one; the faster
    is compared.
    """
    predictions = dict(measured.prediction_microseconds)
    ours = predictions.pop(OURS)
    return {
        "predict_p50": max(paired_ratio(ours, theirs) for theirs in predictions.values()),
        "requests_workshop": requests_ratio(measured.loads, OURS, WORKSHOP_ONE),
        "requests_peer": requests_ratio(measured.loads, OURS_UNLOGGED, PEER),
        "requests_peer_logged": requests_ratio(measured.loads, OURS, PEER_LOGGED),
        "requests_gateway": requests_ratio(measured.loads, GATEWAY, WORKSHOP_ONE),
        "p99_gateway": p99_ratio(measured.loads, GATEWAY, WORKSHOP_ONE),
        "requests_tls": requests_ratio(measured.loads, GATEWAY_TLS, GATEWAY),
        "worker_memory": measured.memory[OURS].resident_bytes / 1e6,
        "start_seconds": median(measured.start_seconds),
    }


def further_ratios(measured: Serving) -> dict[str, float]:
    """Return ratios to stronger variants of the workshop's server, which have no threshold."""
    return {
        "requests/s / workshop with 2 processes": requests_ratio(measured.loads, OURS, WORKSHOP_TWO),
        "p99 / workshop": p99_ratio(measured.loads, OURS, WORKSHOP_ONE),
        "p99 / workshop with 2 processes": p99_ratio(measured.loads, OURS, WORKSHOP_TWO),
        "requests/s / no-op in Flask on Gunicorn's gthread": requests_ratio(measured.loads, OURS, NOOP),
        "requests/s through HAProxy / without": requests_ratio(measured.loads, GATEWAY, OURS),
        "p99 through HAProxy, TLS and API key / neither": p99_ratio(measured.loads, GATEWAY_TLS, GATEWAY),
    }


def requests_ratio(loads: Loads, server: str, opponent: str) -> float:
    """Return the ratio of requests per second, at 16 connections."""
    return _load_ratio(loads, attrgetter("requests_per_second"), server, opponent)


def p99_ratio(loads: Loads, server: str, opponent: str) -> float:
    """Return the ratio of the 99th percentiles of the latency, at 16 connections."""
    return _load_ratio(loads, attrgetter("p99"), server, opponent)


def _load_ratio(loads: Loads, value: Callable[[Load], float], server: str, opponent: str) -> float:
    runs = ([value(load) for load in loads[name][COMPARED_CONNECTIONS]] for name in (server, opponent))
    return paired_ratio(*runs)
