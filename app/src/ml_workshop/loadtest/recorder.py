"""Records Locust's requests, in the process that sends them and in the master."""

from typing import Any

from locust.env import Environment
from locust.exception import CatchResponseError
from locust.runners import MasterRunner, WorkerRunner

from ml_workshop.loadtest.request_stats import Outcome, RequestStats

_MESSAGE = "ml_workshop_request_stats"


class Recorder:
    """Keeps the statistics of this process; in a master, those of all processes.

    Attributes:
        stats: Since the process started. They only grow, as Prometheus expects of counters: neither a new
            run nor a reset of Locust's statistics subtracts anything.
    """

    def __init__(self, environment: Environment) -> None:
        """Listen to the events of an environment that has its runner."""
        self.stats = RequestStats()
        environment.events.request.add_listener(self._on_request)
        if isinstance(environment.runner, WorkerRunner):
            environment.events.report_to_master.add_listener(self._on_report_to_master)
        elif isinstance(environment.runner, MasterRunner):
            environment.events.worker_report.add_listener(self._on_worker_report)

    def _on_request(
        self,
        request_type: str,
        name: str,
        response_time: float,
        exception: Exception | None = None,
        response: Any = None,  # noqa: ANN401  (differs between Locust's clients)
        context: dict[str, Any] | None = None,
        **_others: object,
    ) -> None:
        outcome = _outcome(exception, getattr(response, "status_code", None) or 0)
        self.stats.record(request_type, name, response_time / 1000, outcome)
        if context and "start_delay" in context:
            self.stats.start_delays.record(context["start_delay"])
            self.stats.most_in_flight = max(self.stats.most_in_flight, context["in_flight"])

    def _on_report_to_master(self, data: dict[str, Any], **_others: object) -> None:
        data[_MESSAGE] = self.stats.to_message()
        self.stats = RequestStats()

    def _on_worker_report(self, data: dict[str, Any], **_others: object) -> None:
        self.stats.add(RequestStats.from_message(data[_MESSAGE]))


def _outcome(exception: Exception | None, status: int) -> Outcome:
    if exception is None:
        return Outcome.RIGHT
    refused = 400 <= status < 500
    contradicted = isinstance(exception, CatchResponseError) and 200 <= status < 400
    return Outcome.WRONG if refused or contradicted else Outcome.UNAVAILABLE
