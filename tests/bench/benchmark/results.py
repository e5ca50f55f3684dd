"""A run's measurements, and the figures that are judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmark import servers, training
from benchmark.serving import Loads, Serving
from benchmark.training import Training
from benchmark.wrk import Load

JUDGED_CONNECTIONS = 16


@dataclass(frozen=True)
class Results:
    """All that one run measured.

    Attributes:
        machine: What it ran on.
        imdb: Whether the data is IMDB.
        training: None if it was left out.
        serving: None if it was left out.
    """

    machine: dict[str, str]
    imdb: bool
    training: Training | None
    serving: Serving | None

    def figures(self) -> dict[str, float]:
        """Return what is judged, by the key of its promise."""
        found: dict[str, float] = {}
        if self.training:
            found |= training_figures(self.training)
        if self.serving:
            found |= serving_figures(self.serving)
        return found


def paired_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds of ours / theirs: what slowed down a whole round cancels out."""
    return median(our / their for our, their in zip(ours, theirs, strict=True))


def training_figures(seen: Training) -> dict[str, float]:
    """Return accuracy in percent, and the ratios of duration and of peak memory."""
    ours, workshop = seen.runs[training.OURS], seen.runs[training.WORKSHOP]
    return {
        "accuracy": 100 * seen.accuracy[training.OURS],
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
    ours = predictions.pop("ours")
    return {
        "predict_p50": max(paired_ratio(ours, theirs) for theirs in predictions.values()),
        "requests_workshop": min(_ratio(seen.loads, _requests, name) for name in servers.WORKSHOP),
        "requests_peer": _ratio(seen.loads, _requests, servers.PEER),
        "requests_ceiling": _ratio(seen.loads, _requests, servers.CEILING),
        "p99_workshop": max(_ratio(seen.loads, _p99, name) for name in servers.WORKSHOP),
        "worker_memory": seen.memory[servers.OURS].resident / 1e6,
        "start_seconds": median(seen.start_seconds),
    }


def _ratio(loads: Loads, value: Callable[[Load], float], opponent: str) -> float:
    ours, theirs = (
        [value(load) for load in loads[name][JUDGED_CONNECTIONS]] for name in (servers.OURS, opponent)
    )
    return paired_ratio(ours, theirs)


def _requests(load: Load) -> float:
    return load.requests_per_second


def _p99(load: Load) -> float:
    return load.p99
