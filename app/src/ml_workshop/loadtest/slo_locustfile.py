"""Locustfile of `ml-workshop load-test`: applies the plan in the environment and checks its objectives."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from locust import events
from locust.env import Environment
from locust.runners import WorkerRunner

from ml_workshop.loadtest import slo_check, users
from ml_workshop.loadtest.access import restrict
from ml_workshop.loadtest.exporter import export
from ml_workshop.loadtest.plan import Plan
from ml_workshop.loadtest.recorder import Recorder
from ml_workshop.loadtest.run import RESULT

PLAN = Plan.from_environment()
REFUSED = 3
"""Exit code of a run that does not pass."""


class Shape(users.RampAndHold):
    """The shape that Locust runs."""

    plan = PLAN


if PLAN.mode == "open":

    class Arrivals(users.OpenModelUser):
        """The class that Locust runs."""

        plan = PLAN

else:

    class User(users.ClosedModelUser):
        """The class that Locust runs."""


class ResultWriter:
    """Writes the result when Locust quits, and sets its exit code."""

    def __init__(self, environment: Environment, recorder: Recorder) -> None:
        """Listen to start and end of the run."""
        self._environment, self._recorder = environment, recorder
        self._started, self._begin, self._seconds = "", 0.0, 0.0
        environment.events.test_start.add_listener(self._on_start)
        environment.events.test_stopping.add_listener(self._on_stop)
        environment.events.quitting.add_listener(self._on_quitting)

    def _on_start(self, **_others: object) -> None:
        self._started, self._begin = datetime.now(UTC).isoformat(timespec="seconds"), time.perf_counter()

    def _on_stop(self, **_others: object) -> None:
        self._seconds = time.perf_counter() - self._begin

    def _on_quitting(self, **_others: object) -> None:
        runner, shape = self._environment.runner, self._environment.shape_class
        assert runner is not None and isinstance(shape, Shape)  # noqa: S101
        errors = {str(error.error): error.occurrences for error in runner.errors.values()}
        summary = slo_check.summary(PLAN, self._recorder.stats, self._seconds)
        problems = list(slo_check.problems(PLAN, summary, errors, shape.finished))
        result = {
            "started": self._started,
            "host": self._environment.host,
            "passed": not problems,
            "problems": problems,
            "errors": errors,
            **summary,
        }
        (Path(PLAN.output) / RESULT).write_text(json.dumps(result, indent=2) + "\n")
        self._environment.process_exit_code = REFUSED if problems else 0


def _prepare(environment: Environment, **_others: object) -> None:
    restrict(environment)
    recorder = Recorder(environment)
    export(environment, recorder)
    if isinstance(environment.runner, WorkerRunner):
        environment.events.test_stop.add_listener(_stop_at_once)
    else:
        ResultWriter(environment, recorder)


def _stop_at_once(environment: Environment, **_others: object) -> None:
    """Let a stopped worker receive the master's quit message, which triggers the last report.

    It would otherwise block for as long as its requests might have taken.
    """
    environment.stop_timeout = 0.0


events.init.add_listener(_prepare)
