"""Service level indicators: which requests count, and which of them failed, as PromQL."""

from workshop_monitoring.slo import AVAILABILITY, Slo

DURATION = "flask_http_request_duration_seconds"
"""Histogram of the service: seconds that a request took; labels method, url_rule, status."""

PREDICTIONS = "/predict|/v2/.+/infer"
"""Routes (Flask's URL rules) that classify; requests for an unknown address have the rule "None"."""


def total(slo: Slo, function: str, window: str) -> str:
    """All predictions in a window; `function` is rate (per second) or increase."""
    return _sum(slo, function, window, "count")


def failed(slo: Slo, function: str, window: str) -> str:
    """Predictions in a window that the objective counts as failed; may be absent when there are none."""
    if slo.name == AVAILABILITY:
        return _sum(slo, function, window, "count", 'status=~"5.."')
    # Prometheus and the client write an edge as a float: 1.0, not 1.
    within = _sum(slo, function, window, "bucket", f'le="{slo.threshold_seconds}"')
    return f"{total(slo, function, window)}\n- {within}"


def error_ratio(slo: Slo, window: str) -> str:
    """Share (0 to 1) of predictions in a window that failed.

    Absent without predictions: a division by zero would be NaN, and one NaN spoils every mean over the window
    of the objective. Zero, not absent, when there were predictions and none failed.
    """
    bad = failed(slo, "rate", window)
    if slo.name == AVAILABILITY:
        bad += "\nor vector(0)"
    return f"(\n  {_indent(bad)}\n)\n/\n({total(slo, 'rate', window)} > 0)"


def _sum(slo: Slo, function: str, window: str, part: str, *matchers: str) -> str:
    selector = ", ".join((f'job="{slo.service}"', f'url_rule=~"{PREDICTIONS}"', *matchers))
    return f"sum({function}({DURATION}_{part}{{{selector}}}[{window}]))"


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")
