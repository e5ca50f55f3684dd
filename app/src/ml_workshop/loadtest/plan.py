"""Plan of a load test: its load and its objectives."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from typing import Literal, Self

VARIABLE = "ML_WORKSHOP_LOAD_TEST"

TIMEOUT_SECONDS = 10
"""Time-out of a client for a connection, and then for a response."""


@dataclass(frozen=True)
class Objective:
    """A service level objective."""

    name: str  # availability or latency
    percent: float  # share of the requests that must be good, 0 to 100
    threshold_seconds: float | None = None  # latency above which a request is slow; None for availability


@dataclass(frozen=True)
class Plan:
    """One run."""

    mode: Literal["closed", "open"]  # closed: users wait for a response; open: constant arrival rate
    users: int  # closed: users at the peak
    rate: float  # open: requests per second at the peak
    ramp: float  # seconds in which users or rate grow to the peak
    hold: float  # seconds at the peak
    processes: int  # load generators, 1 or more
    minimum_requests: int  # with fewer, the run does not pass
    objectives: Sequence[Objective]
    output: str  # directory for the result

    def to_environment(self) -> dict[str, str]:
        """Return the environment variable that passes the plan to Locust's processes."""
        return {VARIABLE: json.dumps(asdict(self))}

    @classmethod
    def from_environment(cls) -> Self:
        """Read the plan in one of Locust's processes."""
        plan = json.loads(os.environ[VARIABLE])
        return cls(**{**plan, "objectives": [Objective(**objective) for objective in plan["objectives"]]})

    def arrivals(self, index: int = 0, processes: int = 1) -> Iterator[float]:
        """Yield the due times of the requests of one process, in seconds from the start (open model).

        The rate grows linearly from 0 during the ramp and is constant afterwards, with equal gaps. Processes,
        numbered from 0, take turns.
        """
        in_ramp = self.rate * self.ramp / 2
        for number in count(index, processes):
            due = self.ramp + (number - in_ramp) / self.rate
            if number < in_ramp:
                due = math.sqrt(2 * number * self.ramp / self.rate)
            if due >= self.ramp + self.hold:
                return
            yield due
