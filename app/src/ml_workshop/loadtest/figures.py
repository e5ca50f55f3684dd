"""What a load test counts, in one process or added up over several."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ml_workshop.loadtest.latencies import Latencies


class Outcome(Enum):
    """What became of a request."""

    RIGHT = "right"
    WRONG = "wrong"
    """Answered, but not with what was asked for: malformed, contradicting an earlier answer, or a 4xx."""
    UNAVAILABLE = "unavailable"
    """No answer, or a 5xx: what the service's availability counts."""


@dataclass
class RouteFigures:
    """The requests of one method and name.

    Attributes:
        latencies: Of all requests, whatever became of them.
        wrong: How many were answered wrongly.
        unavailable: How many were not answered, or with a 5xx.
    """

    latencies: Latencies = field(default_factory=Latencies)
    wrong: int = 0
    unavailable: int = 0

    @property
    def failures(self) -> int:
        """Requests that were not answered rightly."""
        return self.wrong + self.unavailable

    def add(self, other: "RouteFigures") -> None:
        """Add the figures of another process or route."""
        self.latencies.add(other.latencies)
        self.wrong += other.wrong
        self.unavailable += other.unavailable


@dataclass
class Figures:
    """All requests.

    Attributes:
        routes: By method and name.
        start_delays: Open model: how late the generator itself was in starting requests.
        most_in_flight: Open model: most requests that waited for their answer at a time, in one process.
    """

    routes: dict[tuple[str, str], RouteFigures] = field(default_factory=dict)
    start_delays: Latencies = field(default_factory=Latencies)
    most_in_flight: int = 0

    def record(self, method: str, name: str, seconds: float, outcome: Outcome) -> None:
        """Count one request."""
        route = self.routes.setdefault((method, name), RouteFigures())
        route.latencies.record(seconds)
        route.wrong += outcome is Outcome.WRONG
        route.unavailable += outcome is Outcome.UNAVAILABLE

    def add(self, other: "Figures") -> None:
        """Add the figures of another process."""
        for key, route in other.routes.items():
            self.routes.setdefault(key, RouteFigures()).add(route)
        self.start_delays.add(other.start_delays)
        self.most_in_flight = max(self.most_in_flight, other.most_in_flight)

    def total(self) -> RouteFigures:
        """Return the figures of all routes together."""
        total = RouteFigures()
        for route in self.routes.values():
            total.add(route)
        return total

    def to_message(self) -> dict[str, object]:
        """Return plain data for another process."""
        return {
            "routes": [
                [method, name, route.latencies.to_message(), route.wrong, route.unavailable]
                for (method, name), route in self.routes.items()
            ],
            "start_delays": self.start_delays.to_message(),
            "most_in_flight": self.most_in_flight,
        }

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> "Figures":
        """Make them from plain data."""
        return cls(
            routes={
                (method, name): RouteFigures(Latencies.from_message(latencies), wrong, unavailable)
                for method, name, latencies, wrong, unavailable in message["routes"]
            },
            start_delays=Latencies.from_message(message["start_delays"]),
            most_in_flight=message["most_in_flight"],
        )
