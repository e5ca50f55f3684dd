"""The dashboard `inference`: rate, errors, duration and load of the service."""

from grafana_foundation_sdk.models import units

from workshop_monitoring.board import Board, Kind, Panel, Query, Row, job_and_instance
from workshop_monitoring.indicators import DURATION
from workshop_monitoring.promql import buckets, mean, quantile, rate, select

TRAFFIC = 'url_rule!~"/metrics|/health/.*|/v2/health/.*"'
"""Excludes scrapes and health checks."""

REQUESTS = rate(f"{DURATION}_count", TRAFFIC)
FAILED = rate(f"{DURATION}_count", TRAFFIC, 'status=~"[45].."')

SLOT = "{{instance}} {{slot}}"
"""Legend of a series of one slot."""


def status_ratio(status: str) -> str:
    """Share (0 to 1) of requests answered with, for example, 5 (5xx); 0 when there are other requests."""
    return f"(sum({by_status(status)}) or vector(0)) / sum({REQUESTS})"


def by_status(status_class: str) -> str:
    """Requests per second that were answered with, for example, 5 (5xx)."""
    return rate(f"{DURATION}_count", TRAFFIC, f'status=~"{status_class}.."')


def by_slot(expression: str) -> str:
    """Sum for each slot of each instance."""
    return f"sum by (instance, slot) ({expression})"


def named_route(expression: str) -> str:
    """Series by url_rule, with a name for requests that match no route."""
    return f'label_replace({expression}, "url_rule", "no route", "url_rule", "None")'


REQUEST_RATE = Panel(
    "Request rate",
    "Requests answered per second, by status class. Health checks and scrapes are left out.",
    units.RequestsPerSecond,
    tuple(
        Query(f"{status}xx", f"sum({by_status(status)})", reason, color=color)
        for status, color, reason in (
            ("2", "green", ""),
            ("4", "orange", "no request failed"),
            ("5", "red", "no request failed"),
        )
    ),
)

ERROR_RATIO = Panel(
    "Error ratio",
    "Share of requests answered with a server error (5xx) or a client error (4xx).",
    units.PercentUnit,
    (
        Query("5xx", status_ratio("5"), color="red"),
        Query("4xx", status_ratio("4"), color="orange"),
    ),
)

LATENCY = Panel(
    "Latency",
    "Time within which 50, 95 and 99 % of requests were answered, and the mean. "
    "Measured from when a worker accepts the request; the queue is excluded (see Load test).",
    units.Seconds,
    (
        *(Query(f"p{100 * share:.0f}", quantile(share, DURATION, TRAFFIC)) for share in (0.5, 0.95, 0.99)),
        Query("mean", mean(DURATION, TRAFFIC)),
    ),
)

LATENCY_HEAT_MAP = Panel(
    "Latency heat map",
    "How many requests per second took how long: one row for each bucket of the histogram. "
    "Two bands are two kinds of requests; a quantile would hide them.",
    units.Seconds,
    (Query("{{le}}", buckets(DURATION, TRAFFIC)),),
    kind=Kind.HEATMAP,
    width=24,
)

REQUEST_RATE_BY_ROUTE = Panel(
    "Request rate by route",
    "Requests answered per second, by method and route.",
    units.RequestsPerSecond,
    (Query("{{method}} {{url_rule}}", named_route(f"sum by (method, url_rule) ({REQUESTS})")),),
)

LATENCY_BY_ROUTE = Panel(
    "Latency by route",
    "Time within which 99 % of requests were answered, by route.",
    units.Seconds,
    (Query("{{url_rule}}", named_route(quantile(0.99, DURATION, TRAFFIC, by="url_rule"))),),
)

ERRORS_BY_ROUTE = Panel(
    "Errors by route",
    "Requests per second answered with a server error (5xx) or a client error (4xx).",
    units.RequestsPerSecond,
    (
        Query(
            "{{url_rule}} {{status}}",
            named_route(f"sum by (url_rule, status) ({FAILED})"),
            may_be_empty="no request was answered with an error",
        ),
    ),
)

REQUEST_RATE_BY_INSTANCE = Panel(
    "Request rate by instance",
    "Requests answered per second, by instance; they share the load evenly behind a fair balancer.",
    units.RequestsPerSecond,
    (Query("{{instance}}", f"sum by (instance) ({REQUESTS})"),),
    width=12,
)

METRIC_FILES = Panel(
    "Metric files",
    "Files in which the workers of a slot count, one set for each worker that ever ran; "
    "every scrape reads them all. They are removed when the slot stops, not when a worker does.",
    units.Short,
    (Query(SLOT, f"max by (instance, slot) ({select('ml_workshop_metric_files')})"),),
    width=12,
)

REQUEST_RATE_BY_SLOT = Panel(
    "Request rate by slot",
    "Requests answered per second, by slot. One slot serves; both do during a canary.",
    units.RequestsPerSecond,
    (Query(SLOT, by_slot(REQUESTS)),),
)

ERROR_RATIO_BY_SLOT = Panel(
    "Error ratio by slot",
    "Share of a slot's requests answered with a server error (5xx).",
    units.PercentUnit,
    (Query(SLOT, f"({by_slot(by_status('5'))} or 0 * {by_slot(REQUESTS)}) / {by_slot(REQUESTS)}"),),
)

LATENCY_BY_SLOT = Panel(
    "Latency by slot",
    "Time within which 99 % of a slot's requests were answered.",
    units.Seconds,
    (Query(SLOT, quantile(0.99, DURATION, TRAFFIC, by="instance, slot")),),
)

BOARD = Board(
    uid="inference",
    title="Inference",
    description="Is the sentiment service answering, how fast, and how busy is it?",
    variables=job_and_instance(f"{DURATION}_count", job="inference"),
    rows=(
        Row("Rate, errors, duration", (REQUEST_RATE, ERROR_RATIO, LATENCY)),
        Row("Distribution", (LATENCY_HEAT_MAP,)),
        Row("By route", (REQUEST_RATE_BY_ROUTE, LATENCY_BY_ROUTE, ERRORS_BY_ROUTE)),
        Row("By slot", (REQUEST_RATE_BY_SLOT, ERROR_RATIO_BY_SLOT, LATENCY_BY_SLOT)),
        Row("By instance", (REQUEST_RATE_BY_INSTANCE, METRIC_FILES)),
    ),
)
