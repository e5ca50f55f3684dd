"""Request statistics of a load test, in one process or merged from several."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

_BITS = 11  # significant bits of a bucket's microseconds


class Outcome(Enum):
    """Outcome of a request."""

    RIGHT = "right"
    WRONG = "wrong"  # malformed, contradicts an earlier response, or a 4xx
    UNAVAILABLE = "unavailable"  # no response, or a 5xx: counts against the availability


class Latencies:
    """A histogram of durations; histograms of several processes can be added.

    Locust rounds to whole milliseconds (to two digits above 100 ms). These buckets are log-linear, as in Gil
    Tene's HdrHistogram: one microsecond wide up to 2 ms, and never wider than a thousandth of their values.
    """

    def __init__(
        self, buckets: Iterable[tuple[int, int]] = (), seconds: float = 0.0, longest: float = 0.0
    ) -> None:
        """Create a histogram from (lowest microsecond, count) pairs, and sum and maximum in seconds."""
        self._counts = Counter(dict(buckets))
        self.count = self._counts.total()
        self.seconds = seconds
        self.longest = longest

    def record(self, seconds: float) -> None:
        """Count one duration."""
        lowest, _ = _bucket(max(round(seconds * 1e6), 0))
        self._counts[lowest] += 1
        self.count += 1
        self.seconds += seconds
        self.longest = max(self.longest, seconds)

    def add(self, other: "Latencies") -> None:
        """Add the counts of another histogram."""
        self._counts.update(other._counts)
        self.count += other.count
        self.seconds += other.seconds
        self.longest = max(self.longest, other.longest)

    @property
    def buckets(self) -> list[tuple[int, int]]:
        """Pairs of lowest value in microseconds and count, in order; empty buckets are left out."""
        return sorted(self._counts.items())

    def quantile(self, share: float) -> float:
        """Return a quantile (share from 0 to 1) in seconds: nearest rank, to 0.1 %.

        Raises:
            ValueError: The histogram is empty.
        """
        rank = max(math.ceil(share * self.count), 1)
        for lowest, count in self.buckets:
            rank -= count
            if rank <= 0:
                return min((lowest + _bucket(lowest)[1] - 1) / 1e6, self.longest)
        raise ValueError("the histogram is empty")

    def within(self, edges: Sequence[float]) -> list[int]:
        """Return for each edge (seconds, ascending) the number of durations up to it, to 0.1 % of it."""
        counts, total, buckets = [], 0, iter([*self.buckets, (math.inf, 0)])
        lowest, count = next(buckets)
        for edge in edges:
            while lowest <= round(edge * 1e6):
                total += count
                lowest, count = next(buckets)
            counts.append(total)
        return counts

    def to_message(self) -> dict[str, Any]:
        """Return the arguments of the constructor, for another process."""
        return {"buckets": self.buckets, "seconds": self.seconds, "longest": self.longest}


@dataclass
class RouteStats:
    """Statistics of one method and name."""

    latencies: Latencies = field(default_factory=Latencies)  # of all requests, with and without errors
    wrong: int = 0
    unavailable: int = 0

    @property
    def failures(self) -> int:
        """Requests without a right response."""
        return self.wrong + self.unavailable

    def add(self, other: "RouteStats") -> None:
        """Add the statistics of another process or route."""
        self.latencies.add(other.latencies)
        self.wrong += other.wrong
        self.unavailable += other.unavailable


@dataclass
class RequestStats:
    """Statistics of all requests."""

    routes: dict[tuple[str, str], RouteStats] = field(default_factory=dict)  # by method and name
    start_delays: Latencies = field(default_factory=Latencies)  # open model: delay of the generator itself
    most_in_flight: int = 0  # open model: most requests at a time without a response, in one process

    def record(self, method: str, name: str, seconds: float, outcome: Outcome) -> None:
        """Count one request."""
        route = self.routes.setdefault((method, name), RouteStats())
        route.latencies.record(seconds)
        route.wrong += outcome is Outcome.WRONG
        route.unavailable += outcome is Outcome.UNAVAILABLE

    def add(self, other: "RequestStats") -> None:
        """Add the statistics of another process."""
        for key, route in other.routes.items():
            self.routes.setdefault(key, RouteStats()).add(route)
        self.start_delays.add(other.start_delays)
        self.most_in_flight = max(self.most_in_flight, other.most_in_flight)

    def total(self) -> RouteStats:
        """Return the statistics of all routes together."""
        total = RouteStats()
        for route in self.routes.values():
            total.add(route)
        return total

    def to_message(self) -> dict[str, Any]:
        """Return plain data for another process."""
        return {
            "routes": [
                (*key, route.latencies.to_message(), route.wrong, route.unavailable)
                for key, route in self.routes.items()
            ],
            "start_delays": self.start_delays.to_message(),
            "most_in_flight": self.most_in_flight,
        }

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> "RequestStats":
        """Create them from plain data."""
        routes = {
            (method, name): RouteStats(Latencies(**latencies), wrong, unavailable)
            for method, name, latencies, wrong, unavailable in message["routes"]
        }
        return cls(routes, Latencies(**message["start_delays"]), message["most_in_flight"])


def _bucket(microseconds: int) -> tuple[int, int]:
    """Return lowest value and width of the bucket of a value, in microseconds."""
    surplus = max(microseconds.bit_length() - _BITS, 0)
    return microseconds >> surplus << surplus, 1 << surplus
