"""Service level indicators: which requests count, and which of them failed, as PromQL."""

from textwrap import indent

from workshop_monitoring.slo import AVAILABILITY, Slo

DURATION = "flask_http_request_duration_seconds"
"""Histogram of the service: seconds that a request took; labels method, url_rule, status."""

PREDICTIONS = "/predict|/v2/.+/infer"
"""Routes (Flask's URL rules) that classify; requests for an unknown address have the rule "None"."""

_FRONT = 'job="gateway", tier!="host", proxy="http"'
"""Gateways that clients connect to: a request that passes a second gateway counts once."""

_SLOTS = 'job="gateway", proxy=~"inference(_retry)?", server=~"blue|green"'
"""The slots of all hosts; the servers of a gateway host are hosts, whose 503 no slot has answered."""


def total(slo: Slo, function: str, window: str) -> str:
    """All predictions in a window; `function` is rate (per second) or increase."""
    predictions = _sum(slo, function, window, "count")
    if slo.name == AVAILABILITY:
        return f"{_or_zero(predictions)}\n+ {_own_errors(function, window)}"
    return predictions


def failed(slo: Slo, function: str, window: str) -> str:
    """Predictions in a window that the objective counts as failed."""
    if slo.name == AVAILABILITY:
        errors = _sum(slo, function, window, "count", 'status=~"5.."')
        return f"{_or_zero(errors)}\n+ {_own_errors(function, window)}"
    # Prometheus and the client write an edge as a float: 1.0, not 1.
    within = _sum(slo, function, window, "bucket", f'le="{slo.threshold_seconds}"')
    return f"{total(slo, function, window)}\n- {within}"


def error_ratio(slo: Slo, window: str) -> str:
    """Share (0 to 1) of predictions in a window that failed.

    Absent without predictions: a division by zero would be NaN, and one NaN spoils every mean over the window
    of the objective. Zero, not absent, when there were predictions and none failed.
    """
    bad, all_ = (indent(part(slo, "rate", window), "  ") for part in (failed, total))
    return f"(\n{bad}\n)\n/\n(\n{all_}\n  > 0\n)"


def _own_errors(function: str, window: str) -> str:
    """5xx that a gateway answered because no slot did; zero without a gateway.

    No slot has seen what was requested, so health checks of clients are in it.
    """
    answered, of_slots = (
        _total(f'haproxy_{what}_http_responses_total{{{selector}, code="5xx"}}', function, window)
        for what, selector in (("frontend", _FRONT), ("server", _SLOTS))
    )
    difference = indent(f"{answered}\n- {_or_zero(of_slots)},\n0", "  ")
    return _or_zero(f"clamp_min(\n{difference}\n)")


def _sum(slo: Slo, function: str, window: str, part: str, *matchers: str) -> str:
    selector = ", ".join((f'job="{slo.service}"', f'url_rule=~"{PREDICTIONS}"', *matchers))
    return _total(f"{DURATION}_{part}{{{selector}}}", function, window)


def _total(counter: str, function: str, window: str) -> str:
    return f"sum({function}(\n  {counter}[{window}]\n))"


def _or_zero(expression: str) -> str:
    """The value of an expression, and 0 where it has none."""
    return f"(\n{indent(expression, '  ')}\n  or vector(0)\n)"
