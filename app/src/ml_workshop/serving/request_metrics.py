"""The exporter's metrics of requests, without its hooks."""

from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, request
from prometheus_client import Counter, Gauge, Histogram
from prometheus_flask_exporter import PrometheusMetrics  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NOT_TRACKED = "/metrics"


class RequestMetrics(PrometheusMetrics):  # type: ignore[misc]
    """Counts the exporter's own metrics around the application.

    The exporter does it in three hooks of Flask, which cost more than the counting: Flask asks for each hook
    whether it is a coroutine, and the hooks look up every label by name. docs/serving.md has the numbers.
    """

    def export_defaults(
        self, buckets: Sequence[float], *_: object, prefix: str, app: Flask, **__: object
    ) -> None:
        """Register the metrics, under the exporter's names and labels; called by its constructor."""
        durations = Histogram(
            f"{prefix}_http_request_duration_seconds",
            "Flask HTTP request duration in seconds",
            ("method", "url_rule", "status"),
            buckets=buckets,
            registry=self.registry,
        )
        total = Counter(
            f"{prefix}_http_request_total",
            "Total number of HTTP requests",
            ("method", "status"),
            registry=self.registry,
        )
        in_progress = Gauge(
            "ml_workshop_requests_in_progress",
            "Requests that are being answered.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        app.wsgi_app = _Measured(app.wsgi_app, durations, total, in_progress)  # type: ignore[method-assign]


class _Measured:
    """An application whose requests are counted; each when it is decided what the answer will be."""

    def __init__(
        self, application: "WSGIApplication", durations: Histogram, total: Counter, in_progress: Gauge
    ) -> None:
        self._application = application
        self._durations = durations
        self._total = total
        self._in_progress = in_progress
        self._series: dict[tuple[str, str, str], tuple[Any, Any]] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started = perf_counter()

        def start(
            status: str, headers: list[tuple[str, str]], error: "OptExcInfo | None" = None
        ) -> "Callable[[bytes], object]":
            self._count(environ["REQUEST_METHOD"], status[:3], perf_counter() - started)
            return start_response(status, headers, error)

        self._in_progress.inc()
        try:
            return self._application(environ, start)
        finally:
            self._in_progress.dec()

    def _count(self, method: str, status: str, seconds: float) -> None:
        rule = str(request.url_rule)
        if rule == NOT_TRACKED:
            return
        series = self._series.get((method, rule, status))
        if series is None:
            series = self._durations.labels(method, rule, status), self._total.labels(method, status)
            self._series[method, rule, status] = series
        durations, total = series
        durations.observe(seconds)
        total.inc()
