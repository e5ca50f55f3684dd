"""Tests of the alerts on the gateway and the slots behind it."""

from workshop_monitoring.rule_tests import Fires, Scenario

_INSTANCE = {"job": "gateway", "instance": "instance-a:8405"}
_GATEWAY = 'job="gateway", instance="instance-a:8405", tier="front"'
_FRONTEND = f'{_GATEWAY}, proxy="http"'
_BACKEND = f'{_GATEWAY}, proxy="inference"'
_RETRY = f'{_GATEWAY}, proxy="inference_retry"'
_TICKET = {"severity": "ticket"}


def _active(servers: str = "1x60") -> dict[str, str]:
    return {f"haproxy_backend_active_servers{{{_BACKEND}}}": servers}


def _state(server: str, **samples: str) -> dict[str, str]:
    """Series of one server's state: a sample of 1 in the state that it has."""
    return {
        f'haproxy_server_status{{{_BACKEND}, server="{server}", state="{state}"}}': values
        for state, values in samples.items()
    }


def _queue(requests: str) -> dict[str, str]:
    return {f"haproxy_backend_current_queue{{{_BACKEND}}}": requests}


def _traffic(
    own: int = 0, of_slots: int = 0, unreachable: int = 0, unanswered: int = 0, **rejected: int
) -> dict[str, str]:
    """Counters that grow each minute by so many; 1000 requests are answered."""
    rejections = {"requests_denied": 0, "denied_connections": 0, "denied_sessions": 0} | rejected
    grows = {
        f"haproxy_frontend_http_requests_total{{{_FRONTEND}}}": 1000,
        f'haproxy_frontend_http_responses_total{{{_FRONTEND}, code="2xx"}}': 1000 - own - of_slots,
        f'haproxy_frontend_http_responses_total{{{_FRONTEND}, code="5xx"}}': own + of_slots,
        f'haproxy_server_http_responses_total{{{_BACKEND}, server="blue", code="5xx"}}': of_slots // 2,
        # While no slot was up: half waited for the gateway's own 503, half for the 5xx of a slot.
        f'haproxy_server_http_responses_total{{{_BACKEND}, server="wait", code="5xx"}}': own + of_slots // 2,
        f'haproxy_server_http_responses_total{{{_RETRY}, server="blue", code="5xx"}}': of_slots
        - of_slots // 2,
        f'haproxy_server_connection_errors_total{{{_BACKEND}, server="blue"}}': unreachable,
        f'haproxy_server_response_errors_total{{{_BACKEND}, server="blue"}}': unanswered,
        **{f"haproxy_frontend_{what}_total{{{_FRONTEND}}}": each for what, each in rejections.items()},
    }
    return {series: f"0+{each}x60" for series, each in grows.items()}


def _reported(name: str, share: str, reason: str, **traffic: int) -> Scenario:
    return Scenario(
        name,
        "GatewayErrors",
        _active() | _traffic(**traffic),
        silent=("10m",),
        fires=Fires(
            "11m",
            _INSTANCE | {"reason": reason} | _TICKET,
            f"The gateway instance-a:8405 fails or rejects requests: {reason}",
            f"{share} of what reached instance-a:8405 over the last five minutes: {reason}. "
            "The service's own metrics do not have these requests.",
        ),
    )


def _certificate(lifetime_hours: int, left_hours: int, job: str = "certificate") -> dict[str, str]:
    """A certificate with so many hours left at the beginning."""
    labels = f'job="{job}", instance="instance-a:8405"'
    edges = {"before": left_hours - lifetime_hours, "after": left_hours}
    return {
        f"ml_workshop_certificate_not_{edge}_timestamp_seconds{{{labels}}}": f"{hours * 3600}x700"
        for edge, hours in edges.items()
    }


def _expires(at: str, left: str, severity: str = "ticket", job: str = "certificate") -> Fires:
    return Fires(
        at,
        {"job": job, "instance": "instance-a:8405", "severity": severity},
        "The certificate of instance-a:8405 is not renewed",
        f"{left} are left until it expires (negative: since it has); then clients refuse HTTPS.",
    )


_HOST = 'job="node_exporter", instance="instance-a:9100"'
_OWN = "answered with a 5xx of the gateway"
_ATTEMPTS = "no connection to a slot or no response of it"
_REJECTED = "rejected because of a limit"

SCENARIOS = (
    Scenario(
        "One of two slots that should serve is down for two minutes",
        "SlotDown",
        _active("2x4 1x20") | _state("blue", UP="1x30") | _state("green", UP="1x4 0x20", DOWN="0x4 1x20"),
        silent=("4m", "6m"),
        fires=Fires(
            "7m",
            _INSTANCE | {"server": "green"} | _TICKET,
            "green behind the gateway instance-a:8405 is down",
            "green is neither drained nor in maintenance and fails the health checks of "
            "instance-a:8405; its requests go to what is left.",
        ),
    ),
    Scenario(
        "The idle slot is not down, nor is one that is drained",
        "SlotDown",
        _active()
        | _state("blue", UP="1x30", DOWN="0x30")
        | _state("green", DRAIN="1x9 0x20", MAINT="0x9 1x20"),
        silent=("9m", "30m"),
    ),
    Scenario(
        "The only slot that is down pages as InferenceDown alone",
        "SlotDown",
        _active("0x30") | _state("blue", DOWN="1x30") | _state("green", MAINT="1x30"),
        silent=("30m",),
    ),
    Scenario(
        "Requests that wait for minutes are reported",
        "GatewayQueueing",
        _active() | _queue("0x9 1.6x30"),
        # The mean of five minutes is above 1 from the fourth such sample on.
        silent=("12m", "17m"),
        fires=Fires(
            "18m",
            _INSTANCE | _TICKET,
            "Requests wait for a slot in the gateway instance-a:8405",
            "On average 1.6 requests waited in instance-a:8405 over the last five minutes; "
            "the slots are as busy as they are allowed to be.",
        ),
    ),
    Scenario(
        "A request that waits now and then is not reported",
        "GatewayQueueing",
        _active() | _queue("0x9 2 0 0 2 0 0 2 0 0x20"),
        silent=("15m", "20m"),
    ),
    Scenario(
        "Requests that wait for a slot while there is none page as InferenceDown alone",
        "GatewayQueueing",
        _active("0x60") | _queue("50x60"),
        silent=("30m",),
    ),
    _reported("Requests that the gateway answers with a 5xx are reported", "1.5%", _OWN, own=15),
    _reported("Slots that refuse connections are reported", "1.5%", _ATTEMPTS, unreachable=15),
    _reported("Slots that do not respond are reported", "1.5%", _ATTEMPTS, unanswered=15),
    _reported("Requests over a limit are reported", "1.5%", _REJECTED, requests_denied=15),
    _reported("Connections over a limit are reported", "50%", _REJECTED, denied_connections=1000),
    _reported("Sessions over a limit are reported", "50%", _REJECTED, denied_sessions=1000),
    Scenario(
        "A certificate of six days pages with two days left",
        "CertificateExpires",
        _certificate(144, 50),
        interval="5m",
        silent=("2h", "2h10m"),
        fires=(_expires("2h15m", "1d 23h 45m 0s", "page"), _expires("51h", "-1h 0m 0s", "page")),
    ),
    Scenario(
        "A certificate of 90 days is reported with three weeks left",
        "CertificateExpires",
        _certificate(90 * 24, 21 * 24 + 1),
        interval="5m",
        silent=("1h", "1h10m"),
        fires=_expires("1h15m", "20d 23h 45m 0s"),
    ),
    Scenario(
        "A certificate for traffic between hosts is reported, too",
        "CertificateExpires",
        _certificate(397 * 24, 21 * 24 + 1, "node_exporter"),
        interval="5m",
        silent=("1h",),
        fires=(_expires("1h15m", "20d 23h 45m 0s", job="node_exporter"),),
    ),
    Scenario(
        "A renewal that failed is reported until one succeeds",
        "CertificateRenewalFailed",
        {f"ml_workshop_certificate_renewal_failed{{{_HOST}}}": "0x9 1x19 0x9"},
        silent=("9m", "19m", "30m"),
        fires=(
            Fires(
                "20m",
                {"job": "node_exporter", "instance": "instance-a:9100"} | _TICKET,
                "The certificate of instance-a:9100 could not be renewed",
                "gateway-certificate.service has failed; it runs again within 12 hours.",
            ),
        ),
    ),
    Scenario(
        "A certificate of 397 days pages with three days left",
        "CertificateExpires",
        _certificate(397 * 24, 73),
        interval="5m",
        fires=(_expires("1h", "3d 0h 0m 0s"), _expires("1h15m", "2d 23h 45m 0s", "page")),
    ),
    Scenario(
        "Server errors of the slots are left to the SLO alerts",
        "GatewayErrors",
        _active() | _traffic(of_slots=500, own=7, unreachable=3, unanswered=4, requests_denied=7),
        silent=("30m", "60m"),
    ),
    Scenario(
        "Requests that fail while there is no slot page as InferenceDown alone",
        "GatewayErrors",
        _active("0x60") | _traffic(own=1000),
        silent=("30m",),
    ),
)
