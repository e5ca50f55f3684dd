"""How the load of a gated run grows and ends."""

from typing import ClassVar

from locust import LoadTestShape

from ml_workshop.loadtest.plan import Plan

_LATE_START = 1.0
"""Seconds that a process may begin after the one that keeps the time; it makes all requests that are due."""


class RampAndHold(LoadTestShape):
    """Users up to the peak during the ramp, then the peak, then the end.

    Attributes:
        plan: Of the run.
        finished: Whether the run has come to its end.
    """

    abstract = True
    plan: ClassVar[Plan]
    finished = False

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there should be and how many of them start in a second; None ends the run."""
        opened = self.plan.mode == "open"
        end = self.plan.ramp + self.plan.hold + (_LATE_START if opened else 0)
        if self.get_run_time() >= end:  # type: ignore[no-untyped-call]
            self.finished = True
            return None
        if opened:  # one user a process, who keeps to the schedule of arrivals
            return self.plan.processes, self.plan.processes
        return self.plan.users, self.plan.users / max(self.plan.ramp, 1.0)
