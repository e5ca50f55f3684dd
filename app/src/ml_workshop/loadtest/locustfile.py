"""Load test: `locust -f "$(ml-workshop locustfile)" --host http://HOST:8000`.

Sends reviews of varied length, one by one and in small batches, and counts a wrong response as a failure.
"""

from locust import events
from locust.env import Environment

from ml_workshop.loadtest.access import restrict
from ml_workshop.loadtest.exporter import export
from ml_workshop.loadtest.recorder import Recorder
from ml_workshop.loadtest.users import ClosedModelUser


class User(ClosedModelUser):
    """The class that Locust runs."""


def _prepare(environment: Environment, **_others: object) -> None:
    restrict(environment)
    export(environment, Recorder(environment))


events.init.add_listener(_prepare)
