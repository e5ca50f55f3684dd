"""Metrics of Locust for Prometheus, at /metrics of its web UI.

They are measured in the client: compared with the server's metrics, they show the queueing in front of it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask import Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from locust.env import Environment

    from ml_workshop.loadtest.recorder import Recorder

EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bucket edges in seconds: the server's, and more below and above them."""

_LABELS = ("method", "name")


class LocustCollector(Collector):
    """Reads the statistics at each scrape."""

    def __init__(self, environment: "Environment", recorder: "Recorder") -> None:
        """Store the sources of the metrics."""
        self._environment, self._recorder = environment, recorder

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        runner = self._environment.runner
        yield GaugeMetricFamily(
            "locust_users", "Simulated users that are running.", value=runner.user_count if runner else 0
        )
        requests = CounterMetricFamily("locust_requests", "Requests made.", labels=_LABELS)
        failures = CounterMetricFamily(
            "locust_request_failures", "Requests without a right answer.", labels=_LABELS
        )
        durations = HistogramMetricFamily(
            "locust_response_time_seconds",
            "Time from sending a request (open model: from when it was due) to its answer.",
            labels=_LABELS,
        )
        for labels, route in self._recorder.stats.routes.items():
            latencies = route.latencies
            requests.add_metric(labels, latencies.count)
            failures.add_metric(labels, route.failures)
            cumulated = zip(EDGES, latencies.within(EDGES), strict=True)
            durations.add_metric(
                labels,
                [*((str(edge), count) for edge, count in cumulated), ("+Inf", latencies.count)],
                latencies.seconds,
            )
        yield from (requests, failures, durations)


def export(environment: "Environment", recorder: "Recorder") -> None:
    """Add /metrics to the web UI of this process, if it has one; before the web UI starts."""
    if environment.web_ui is None or environment.web_ui.app is None:
        return
    registry = CollectorRegistry()
    registry.register(LocustCollector(environment, recorder))

    def metrics() -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), content_type=content_type)

    environment.web_ui.app.add_url_rule("/metrics", view_func=metrics)
