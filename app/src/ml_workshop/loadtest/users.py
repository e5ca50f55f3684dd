"""Users of the load test: what they send, and when.

Closed model: users wait for a response before they send again. While the service stalls they send nothing,
and the requests that would have been slow are missing from the statistics: coordinated omission (Gil Tene,
"How NOT to Measure Latency"). Open model: each request has a due time and is timed from then, even if it
could not be sent yet. Which model fits which traffic: Schroeder, Wierman and Harchol-Balter, "Open Versus
Closed: A Cautionary Tale", NSDI 2006.
"""

import random
import time
from collections.abc import Callable
from typing import Any, ClassVar

import gevent  # type: ignore[import-untyped]
from gevent.pool import Group  # type: ignore[import-untyped]
from locust import FastHttpUser, LoadTestShape, between, constant, task
from locust.env import Environment
from locust.user.task import LOCUST_STATE_STOPPING

from ml_workshop.credentials import credential
from ml_workshop.loadtest.plan import TIMEOUT_SECONDS, Plan
from ml_workshop.loadtest.reviews import ResponseCheck, load_reviews

REVIEWS = load_reviews()
CHECK = ResponseCheck()
API_KEY = credential("api_key")
LARGEST_BATCH = 8
SINGLE, BATCH = 9, 1
"""Weights of requests with one review and of requests with several."""

_TIMER_ACCURACY = 0.002
"""Seconds by which gevent's timers may be late; the last of them are spent polling."""

_LATE_START = 1.0
"""Seconds by which a process may start late; it sends all requests that are due."""


class ReviewUser(FastHttpUser):
    """Sends reviews, one or a few in a request, and checks every response."""

    abstract = True
    network_timeout = connection_timeout = TIMEOUT_SECONDS
    default_headers = {"Authorization": f"Bearer {API_KEY}"} if API_KEY else {}

    def __init__(self, environment: Environment) -> None:
        """Ignore a slash at the end of the host, which Locust would join to that of each path."""
        super().__init__(environment)
        self.client.base_url = (self.client.base_url or "").rstrip("/")

    def classify(self, due: float | None = None, in_flight: int = 0) -> None:
        """Classify one review.

        Args:
            due: When the request should have started, on the clock of time.perf_counter; None means now.
            in_flight: Requests of this process without a response at that time.
        """
        review = random.choice(REVIEWS)  # noqa: S311  (no secret)
        self._send("/predict", {"text": review}, lambda answer: CHECK.problem(review, answer), due, in_flight)

    def classify_batch(self, due: float | None = None, in_flight: int = 0) -> None:
        """Classify a few reviews in one request; the arguments are those of `classify`."""
        reviews = random.choices(REVIEWS, k=random.randint(2, LARGEST_BATCH))  # noqa: S311

        def problem(answers: object) -> str | None:
            if not isinstance(answers, list) or len(answers) != len(reviews):
                return "not a list of as many predictions"
            return next(filter(None, map(CHECK.problem, reviews, answers)), None)

        self._send("/predict (batch)", {"texts": reviews}, problem, due, in_flight)

    def _send(
        self,
        name: str,
        content: dict[str, Any],
        find_problem: Callable[[object], str | None],
        due: float | None,
        in_flight: int,
    ) -> None:
        delay = 0.0 if due is None else time.perf_counter() - due
        context = {} if due is None else {"start_delay": delay, "in_flight": in_flight}
        with self.rest("POST", "/predict", name=name, json=content, context=context) as response:
            response.request_meta["response_time"] += 1000 * delay
            if response.status_code == 200 and (problem := find_problem(response.js)):
                response.failure(problem)


class ClosedModelUser(ReviewUser):
    """Waits for a response, and then a moment, before the next request."""

    abstract = True
    wait_time = between(0.05, 0.5)

    @task(SINGLE)
    def one(self) -> None:
        """Send one review."""
        self.classify()

    @task(BATCH)
    def several(self) -> None:
        """Send several reviews."""
        self.classify_batch()


class OpenModelUser(ReviewUser):
    """Sends every request of its process when it is due; one user per process."""

    abstract = True
    concurrency = 10_000  # connections: no request waits for another one's response
    wait_time = constant(3600)  # after the last request
    plan: ClassVar[Plan]

    @task
    def send_arrivals(self) -> None:
        """Start every request of this process when it is due, then wait for the responses."""
        start, in_flight, runner = time.perf_counter(), Group(), self.environment.runner
        for due in self.plan.arrivals(runner.worker_index, self.plan.processes):
            _wait_until(start + due)
            if self._state == LOCUST_STATE_STOPPING:
                break
            request = random.choices((self.classify, self.classify_batch), (SINGLE, BATCH))[0]  # noqa: S311
            in_flight.spawn(request, start + due, len(in_flight) + 1)
        in_flight.join()


class RampAndHold(LoadTestShape):
    """Users grow to the peak during the ramp and stay for the hold time."""

    abstract = True
    plan: ClassVar[Plan]
    finished = False  # whether the run was not stopped before its end

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there should be and how many may start per second; None ends the run."""
        is_open = self.plan.mode == "open"
        end = self.plan.ramp + self.plan.hold + (_LATE_START if is_open else 0)
        if self.get_run_time() >= end:  # type: ignore[no-untyped-call]
            self.finished = True
            return None
        if is_open:
            return self.plan.processes, self.plan.processes
        return self.plan.users, self.plan.users / max(self.plan.ramp, 1.0)


def _wait_until(due: float) -> None:
    gevent.sleep(max(due - time.perf_counter() - _TIMER_ACCURACY, 0))
    while time.perf_counter() < due:
        gevent.sleep(0)
