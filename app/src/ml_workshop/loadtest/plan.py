"""What a gated load test does, and what it must show."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Self

VARIABLE = "ML_WORKSHOP_LOAD_TEST"

PATIENCE = 10
"""Seconds after which a client gives up on a connection, and then on an answer."""


@dataclass(frozen=True)
class Objective:
    """A service level objective.

    Attributes:
        name: Of what: availability or latency.
        percent: Share of the requests that must be good, 0 to 100.
        threshold_seconds: Latency: the longest that a good request takes. None for availability.
    """

    name: str
    percent: float
    threshold_seconds: float | None = None


@dataclass(frozen=True)
class Plan:
    """One run.

    Attributes:
        mode: closed: users ask again after they have read an answer. open: requests arrive whatever happens.
        users: Closed: users at the peak.
        rate: Open: requests per second at the peak.
        ramp: Seconds in which users or rate grow to the peak.
        hold: Seconds at the peak.
        processes: That share the load, 1 or more.
        minimum_requests: Fewer of them prove nothing.
        objectives: The pass mark.
        output: Directory for the result.
    """

    mode: Literal["closed", "open"]
    users: int
    rate: float
    ramp: float
    hold: float
    processes: int
    minimum_requests: int
    objectives: Sequence[Objective]
    output: str

    def to_environment(self) -> dict[str, str]:
        """Return what to add to the environment of Locust's processes."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def from_environment(cls) -> Self:
        """Read the plan in one of Locust's processes."""
        said = json.loads(os.environ[VARIABLE])
        return cls(**{**said, "objectives": [Objective(**objective) for objective in said["objectives"]]})
