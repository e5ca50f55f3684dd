"""Open model: requests arrive when they are due, whatever the service does.

Users of a closed model wait for an answer before they ask again. While a service stalls they ask nothing, and
the requests that would have suffered are missing from the statistics: coordinated omission (Gil Tene, "How
NOT to Measure Latency"). Here each request has a time at which it is due and is timed from then, even if it
could not be sent yet. Which model fits which traffic: Schroeder, Wierman and Harchol-Balter, "Open Versus
Closed: A Cautionary Tale", NSDI 2006.
"""

import random
import time
from typing import ClassVar

import gevent  # type: ignore[import-untyped]
from gevent.pool import Group  # type: ignore[import-untyped]
from locust import constant, task
from locust.user.task import LOCUST_STATE_STOPPING

from ml_workshop.loadtest.plan import Plan
from ml_workshop.loadtest.reviewer import BATCH, SINGLE, ReviewClient
from ml_workshop.loadtest.schedule import schedule

_TIMER_ACCURACY = 0.002
"""Seconds by which gevent's timers may be late; the last of them are spent polling."""


class OpenModel(ReviewClient):
    """Sends what is due. One of them in a process."""

    abstract = True
    concurrency = 10_000  # connections: whoever arrives waits for the service, not for another client's
    wait_time = constant(3600)  # after the last request
    plan: ClassVar[Plan]

    @task
    def keep_to_the_schedule(self) -> None:
        """Start every request of this process when it is due, then wait for the answers."""
        start = time.perf_counter()
        under_way = Group()
        plan, runner = self.plan, self.environment.runner
        for due in schedule(plan.rate, plan.ramp, plan.hold, runner.worker_index, plan.processes):
            _wait_until(start + due)
            if self._state == LOCUST_STATE_STOPPING:
                break
            request = random.choices((self.classify, self.classify_batch), (SINGLE, BATCH))[0]  # noqa: S311
            under_way.spawn(request, start + due, len(under_way) + 1)
        under_way.join()


def _wait_until(due: float) -> None:
    gevent.sleep(max(due - time.perf_counter() - _TIMER_ACCURACY, 0))
    while time.perf_counter() < due:
        gevent.sleep(0)
