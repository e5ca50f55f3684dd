"""Load test: `locust -f "$(ml-workshop locustfile)" --host http://HOST:8000`.

Sends reviews of varied length, one by one and in small batches, and counts a wrong answer as a failure.
"""

import random

from locust import FastHttpUser, between, task

from ml_workshop.loadtest.answers import AnswerCheck
from ml_workshop.loadtest.reviews import load_reviews

REVIEWS = load_reviews()
CHECK = AnswerCheck()
LARGEST_BATCH = 8


class Reviewer(FastHttpUser):
    """A client that has one review after another classified."""

    wait_time = between(0.05, 0.5)

    @task(9)
    def classify(self) -> None:
        """Classify one review."""
        review = random.choice(REVIEWS)  # noqa: S311  (no secret)
        with self.rest("POST", "/predict", json={"text": review}) as response:
            if response.status_code != 200:
                return
            problem = CHECK.problem(review, response.js)
            if problem:
                response.failure(problem)  # type: ignore[no-untyped-call]

    @task(1)
    def classify_batch(self) -> None:
        """Classify a few reviews in one request."""
        reviews = random.choices(REVIEWS, k=random.randint(2, LARGEST_BATCH))  # noqa: S311
        with self.rest("POST", "/predict", name="/predict (batch)", json={"texts": reviews}) as response:
            if response.status_code != 200:
                return
            answers: object = response.js
            if not isinstance(answers, list) or len(answers) != len(reviews):
                response.failure("not a list of as many predictions")  # type: ignore[no-untyped-call]
                return
            problems = [
                CHECK.problem(review, answer) for review, answer in zip(reviews, answers, strict=True)
            ]
            problem = next(filter(None, problems), None)
            if problem:
                response.failure(problem)  # type: ignore[no-untyped-call]
