"""Load test: `locust -f "$(ml-workshop locustfile)" --host http://HOST:8000`.

Sends reviews of varied length, one by one and in small batches, and counts a wrong answer as a failure.
"""

from locust import events
from locust.env import Environment

from ml_workshop.loadtest.access import restrict
from ml_workshop.loadtest.exporter import export
from ml_workshop.loadtest.recorder import Recorder
from ml_workshop.loadtest.reviewer import ClosedModel


class Reviewer(ClosedModel):
    """A client that has one review after another classified."""


def _prepare(environment: Environment, **_others: object) -> None:
    restrict(environment)
    export(environment, Recorder(environment))


events.init.add_listener(_prepare)
