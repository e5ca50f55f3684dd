"""Clients of the service: what they send, and how they wait."""

import random
import time
from collections.abc import Callable
from typing import Any

from locust import FastHttpUser, between, task

from ml_workshop.credentials import credential
from ml_workshop.loadtest.answers import AnswerCheck
from ml_workshop.loadtest.plan import PATIENCE
from ml_workshop.loadtest.reviews import load_reviews

REVIEWS = load_reviews()
CHECK = AnswerCheck()
API_KEY = credential("api_key")
LARGEST_BATCH = 8
SINGLE, BATCH = 9, 1
"""Of ten requests, how many have one review and how many have several."""


class ReviewClient(FastHttpUser):
    """Has reviews classified, one by one or a few in one request, and checks every answer."""

    abstract = True
    network_timeout = connection_timeout = PATIENCE
    default_headers = {"Authorization": f"Bearer {API_KEY}"} if API_KEY else {}

    def classify(self, due: float | None = None, in_flight: int = 0) -> None:
        """Classify one review.

        Args:
            due: When the request should have started, on the clock of time.perf_counter; None means now.
            in_flight: How many requests of this process wait for their answer at that time.
        """
        review = random.choice(REVIEWS)  # noqa: S311  (no secret)
        self._ask("/predict", {"text": review}, lambda answer: CHECK.problem(review, answer), due, in_flight)

    def classify_batch(self, due: float | None = None, in_flight: int = 0) -> None:
        """Classify a few reviews in one request; the arguments are those of `classify`."""
        reviews = random.choices(REVIEWS, k=random.randint(2, LARGEST_BATCH))  # noqa: S311

        def problem(answers: object) -> str | None:
            if not isinstance(answers, list) or len(answers) != len(reviews):
                return "not a list of as many predictions"
            problems = map(CHECK.problem, reviews, answers)
            return next(filter(None, problems), None)

        self._ask("/predict (batch)", {"texts": reviews}, problem, due, in_flight)

    def _ask(
        self,
        name: str,
        content: dict[str, Any],
        problem: Callable[[object], str | None],
        due: float | None,
        in_flight: int,
    ) -> None:
        delay = 0.0 if due is None else time.perf_counter() - due
        context = {} if due is None else {"start_delay": delay, "in_flight": in_flight}
        with self.rest("POST", "/predict", name=name, json=content, context=context) as response:
            response.request_meta["response_time"] += 1000 * delay
            if response.status_code == 200:
                said = problem(response.js)
                if said:
                    response.failure(said)


class ClosedModel(ReviewClient):
    """A person who reads an answer before asking again: a slow service gets fewer requests."""

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
