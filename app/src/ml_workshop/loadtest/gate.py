"""Locustfile of a gated run: `ml-workshop load-test` starts it, with the plan in the environment."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

from locust import events
from locust.env import Environment
from locust.runners import WorkerRunner

from ml_workshop.loadtest import arrivals, reviewer, shape, verdict
from ml_workshop.loadtest.access import restrict
from ml_workshop.loadtest.exporter import export
from ml_workshop.loadtest.plan import Plan
from ml_workshop.loadtest.recorder import Recorder
from ml_workshop.loadtest.run import RESULT

PLAN = Plan.from_environment()
REFUSED = 3
"""Exit code of a run that does not pass."""


class Shape(shape.RampAndHold):
    """How many users there are."""

    plan = PLAN


if PLAN.mode == "open":

    class Arrivals(arrivals.OpenModel):
        """Requests that arrive at a constant rate."""

        plan = PLAN

else:

    class Reviewer(reviewer.ClosedModel):
        """A client that has one review after another classified."""


class Judge:
    """Writes the result when Locust quits, and decides its exit code."""

    def __init__(self, environment: Environment, recorder: Recorder) -> None:
        """Listen to the beginning and the end of the run."""
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
        runner, ramp = self._environment.runner, self._environment.shape_class
        assert runner is not None and isinstance(ramp, Shape)  # noqa: S101
        errors = {str(error.error): error.occurrences for error in runner.errors.values()}
        summary = verdict.summary(PLAN, self._recorder.figures, self._seconds)
        problems = list(verdict.problems(PLAN, summary, errors, ramp.finished))
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
        environment.events.test_stop.add_listener(_listen_at_once)
    else:
        Judge(environment, recorder)


def _listen_at_once(environment: Environment, **_others: object) -> None:
    """Be there when the master says to quit, which is when the last figures are sent.

    A worker that has stopped would otherwise do nothing for as long as its requests might have taken.
    """
    environment.stop_timeout = 0.0


events.init.add_listener(_prepare)
