"""Alerts on the gateway (HAProxy) and on the slots behind it. InferenceDown, in service.py, is the page."""

from textwrap import indent

from workshop_monitoring.alerts import Alert, Severity
from workshop_monitoring.settings import Alerting

ACTIVE_SERVERS = 'haproxy_backend_active_servers{job="gateway", proxy="inference"}'
"""Servers of the backend that are up and have a weight; 0 fires InferenceDown."""

_FRONTEND = 'job="gateway", proxy="http"'
_BACKEND = 'job="gateway", proxy="inference"'
_SLOTS = 'job="gateway", proxy=~"inference(_retry)?", server!="wait"'
"""Requests that find no server up wait (server wait), and reach a slot by the backend inference_retry."""

_NOT_AFTER = 'ml_workshop_certificate_not_after_timestamp_seconds{job=~"certificate|node_exporter"}'
_NOT_BEFORE = 'ml_workshop_certificate_not_before_timestamp_seconds{job=~"certificate|node_exporter"}'
_LEFT = f"{_NOT_AFTER} - time()"
_CERTIFICATE = {Severity.PAGE: (3, _LEFT), Severity.TICKET: (21, f"{_LEFT} >= 3 * 86400")}
"""A renewal is late when less than a third of the lifetime is left, for long ones this many days."""

_UNLESS_DOWN = f"and on (job, instance)\n{ACTIVE_SERVERS} > 0"


def alerts(settings: Alerting) -> list[Alert]:
    """One slot of several, the queue, and what the gateway answers itself."""
    return [
        Alert(
            name="SlotDown",
            expression=(
                "max by (job, instance, server) (\n"
                f'  haproxy_server_status{{{_BACKEND}, state="DOWN"}}\n'
                f") == 1\n{_UNLESS_DOWN}"
            ),
            hold="2m",
            severity=Severity.TICKET,
            summary="{{ $labels.server }} behind the gateway {{ $labels.instance }} is down",
            description=(
                "{{ $labels.server }} is neither drained nor in maintenance and fails the health checks of "
                "{{ $labels.instance }}; its requests go to what is left."
            ),
            dashboard="gateway",
        ),
        Alert(
            name="GatewayQueueing",
            expression=(
                "sum by (job, instance) (\n"
                f"  avg_over_time(haproxy_backend_current_queue{{{_BACKEND}}}[5m])\n"
                f") > {settings.gateway_queued_requests}\n{_UNLESS_DOWN}"
            ),
            hold="5m",
            severity=Severity.TICKET,
            summary="Requests wait for a slot in the gateway {{ $labels.instance }}",
            description=(
                "On average {{ $value | humanize }} requests waited in {{ $labels.instance }} over the last "
                "five minutes; the slots are as busy as they are allowed to be."
            ),
            dashboard="gateway",
        ),
        Alert(
            name="GatewayErrors",
            expression=(
                f"(\n{_failures()}\n)\n"
                f"/ on (job, instance) group_left ()\n{_requests()}\n"
                f"> {settings.gateway_error_ratio}\n{_UNLESS_DOWN}"
            ),
            hold="10m",
            severity=Severity.TICKET,
            summary="The gateway {{ $labels.instance }} fails or rejects requests: {{ $labels.reason }}",
            description=(
                "{{ $value | humanizePercentage }} of what reached {{ $labels.instance }} over the last five "
                "minutes: {{ $labels.reason }}. The service's own metrics do not have these requests."
            ),
            dashboard="gateway",
        ),
        Alert(
            name="CertificateRenewalFailed",
            expression='ml_workshop_certificate_renewal_failed{job="node_exporter"} == 1',
            hold="10m",
            severity=Severity.TICKET,
            summary="The certificate of {{ $labels.instance }} could not be renewed",
            description="gateway-certificate.service has failed; it runs again within 12 hours.",
            dashboard="gateway",
        ),
        *(
            Alert(
                name="CertificateExpires",
                expression=(
                    f"{left}\n< clamp_max(\n  {_NOT_AFTER}\n  - {_NOT_BEFORE},\n  {3 * days} * 86400\n) / 3"
                ),
                hold="10m",
                severity=severity,
                summary="The certificate of {{ $labels.instance }} is not renewed",
                description=(
                    "{{ $value | humanizeDuration }} are left until it expires (negative: since it has); "
                    "then clients refuse HTTPS."
                ),
                dashboard="gateway",
            )
            for severity, (days, left) in _CERTIFICATE.items()
        ),
    ]


def _failures() -> str:
    """Failures per second, by gateway and reason."""
    answered = _rate("frontend_http_responses", _FRONTEND, "5xx")
    own = f"{answered}\n- {_rate('server_http_responses', _SLOTS, '5xx')}"
    attempts = _sum(_rate("server_connection_errors", _SLOTS), _rate("server_response_errors", _SLOTS))
    rejected = _sum(
        *(
            _rate(f"frontend_{what}", _FRONTEND)
            for what in ("requests_denied", "denied_connections", "denied_sessions")
        )
    )
    alternatives = [
        f'label_replace(\n{indent(expression, "  ")},\n  "reason", "{reason}", "", ""\n)'
        for expression, reason in (
            (own, "answered with a 5xx of the gateway"),
            (attempts, "no connection to a slot or no response of it"),
            (rejected, "rejected because of a limit"),
        )
    ]
    return indent("\nor\n".join(alternatives), "  ")


def _requests() -> str:
    """Requests per second that reached a gateway, with connections that were closed at once."""
    counters = ("http_requests", "denied_connections", "denied_sessions")
    return "(\n" + indent(_sum(*(_rate(f"frontend_{what}", _FRONTEND) for what in counters)), "  ") + "\n)"


def _rate(counter: str, selector: str, code: str = "") -> str:
    matchers = f'{selector}, code="{code}"' if code else selector
    return f"sum by (job, instance) (\n  rate(haproxy_{counter}_total{{{matchers}}}[5m])\n)"


def _sum(*expressions: str) -> str:
    return "\n+ ".join(expressions)
