"""PromQL over the metrics of the inference service: the only module that knows their names.

Each function takes a `Scope` and returns one expression.
"""

from dataclasses import dataclass

DURATION = "flask_http_request_duration_seconds"
"""Histogram of the service: seconds a request took; labels method, url_rule, status."""

IN_PROGRESS = "ml_workshop_requests_in_progress"
"""Gauge of the service: requests that are being answered."""

NOT_TRAFFIC = 'url_rule!~"/metrics|/health/.*"'
"""Leaves out what Prometheus and health checks ask for."""


@dataclass(frozen=True)
class Scope:
    """Which series are meant, and over which time rates are taken.

    Attributes:
        matchers: Label matchers, as between the braces of a selector.
        window: Range of a rate, for example "5m".
    """

    matchers: str
    window: str


GRAFANA = Scope(matchers='job=~"$job", instance=~"$instance"', window="$__rate_interval")
"""What a dashboard's template variables choose."""


def _requests(scope: Scope, *matchers: str, suffix: str = "count") -> str:
    selector = ", ".join((scope.matchers, NOT_TRAFFIC, *matchers))
    return f"rate({DURATION}_{suffix}{{{selector}}}[{scope.window}])"


def request_rate(scope: Scope) -> str:
    """Requests per second, a series for each HTTP status."""
    return f"sum by (status) ({_requests(scope)})"


def latency_quantile(scope: Scope, quantile: float) -> str:
    """Seconds within which this share (0 to 1) of requests was answered, interpolated within a bucket."""
    buckets = _requests(scope, suffix="bucket")
    return f"histogram_quantile({quantile}, sum by (le) ({buckets}))"


def status_ratio(scope: Scope, status: str) -> str:
    """Share (0 to 1) of requests that were answered with a status that matches this regular expression.

    Zero, not absent, while there are requests and none is such.
    """
    matching = _requests(scope, f'status=~"{status}"')
    return f"(sum({matching}) or vector(0)) / sum({_requests(scope)})"


def in_flight(scope: Scope) -> str:
    """Requests that are being answered, a series for each instance."""
    return f"sum by (instance) ({IN_PROGRESS}{{{scope.matchers}}})"
