"""The dashboard `gateway`: what HAProxy passes on, to which slot, what it answers itself and rejects."""

from dataclasses import replace

from grafana_foundation_sdk.models import units

from workshop_monitoring.board import Board, Kind, Panel, Query, Row, Step, job_and_instance
from workshop_monitoring.promql import CHOSEN, rate, select

FRONTEND = 'proxy="http"'
BACKEND = 'proxy="inference"'
BACKENDS = 'proxy=~"inference(_retry)?"'
NOT_WAIT = 'server!="wait"'
SLOTS = f"{BACKENDS}, {NOT_WAIT}"
"""The slots, also when a request reached them after it waited (server wait) until one was up."""

FRONT = 'tier!="host"'
"""Gateways that clients connect to: a request that passes a second gateway counts once."""

API_KEYS = 'job="api_keys", instance=~"$instance"'
NO_KEYS = "there are no API keys"

NOT_IN_FRONT = "the chosen instance is behind another gateway, or gets no request"

SERVER = "{{instance}} {{server}}"
"""Legend of a series of one slot, or of one host behind a gateway of several."""


def total(expression: str) -> str:
    """Sum over all gateways."""
    return f"sum({expression})"


def by_key(what: str, *matchers: str) -> str:
    """Requests per second by API key: `requests` or `refused`."""
    return f"sum by (api_key) ({rate(f'ml_workshop_api_key_{what}_total', *matchers, chosen=API_KEYS)})"


def by_server(expression: str) -> str:
    """Sum for each slot of each gateway."""
    return f"sum by (instance, server) ({expression})"


def responses(status_class: str) -> str:
    """Responses per second with, for example, 5xx."""
    counter = "haproxy_frontend_http_responses_total"
    return total(rate(counter, FRONTEND, FRONT, f'code="{status_class}"'))


def server_responses(status_class: str, *matchers: str) -> str:
    """The same, of what the slots answered."""
    return rate("haproxy_server_http_responses_total", SLOTS, f'code="{status_class}"', *matchers)


def usable_weight(chosen: str = CHOSEN) -> str:
    """Weight of each slot; 0 while it is down, drained or in maintenance."""
    weight = select("haproxy_server_weight", BACKEND, NOT_WAIT, chosen=chosen)
    up = select("haproxy_server_status", BACKEND, NOT_WAIT, 'state="UP"', chosen=chosen)
    return f"{weight} * on (instance, server) {up}"


def in_use(current: str, limit: str) -> str:
    """Share of a limit that is in use, by gateway."""
    return f"max by (instance) ({current} / {limit})"


OWN_ERRORS = f"clamp_min({responses('5xx')} - {total(server_responses('5xx', FRONT))}, 0)"
"""A request that no slot has answered counts here alone: 502, 503, 504."""

SESSIONS, SESSION_LIMIT = (
    select(f"haproxy_frontend_{what}_sessions", FRONTEND) for what in ("current", "limit")
)
CONNECTIONS, CONNECTION_LIMIT = (select(f"haproxy_process_{what}_connections") for what in ("current", "max"))
NO_SLOT_IN_USE = "no slot is in use"

USABLE_SLOTS = Panel(
    "Usable slots",
    "Slots that get requests, of the gateway that has the fewest. At 0 clients get no prediction there.",
    units.Short,
    (Query("slots", f"min({select('haproxy_backend_active_servers', BACKEND)})"),),
    kind=Kind.STAT,
    width=6,
    height=5,
    steps=(Step(None, "red"), Step(1, "green")),
)

REQUESTS_WAITING = Panel(
    "Requests waiting",
    "Requests that wait in a gateway until a slot is free.",
    units.Short,
    (Query("waiting", f"sum({select('haproxy_backend_current_queue', BACKEND)})"),),
    kind=Kind.STAT,
    width=6,
    height=5,
    steps=(Step(None, "green"), Step(1, "orange"), Step(10, "red")),
)

ERROR_RATIO = Panel(
    "Errors of the gateway",
    "Share of requests that the gateway answered with a 5xx of its own, because no slot gave an answer.",
    units.PercentUnit,
    (
        Query(
            "5xx",
            f"{OWN_ERRORS} / {total(rate('haproxy_frontend_http_requests_total', FRONTEND, FRONT))}",
            may_be_empty=NOT_IN_FRONT,
        ),
    ),
    kind=Kind.STAT,
    width=6,
    height=5,
    steps=(Step(None, "green"), Step(0.0001, "orange"), Step(0.01, "red")),
)

CONNECTIONS_IN_USE = Panel(
    "Connections in use",
    "Share of the client connections that the fullest gateway accepts; at 100 % new ones wait outside.",
    units.PercentUnit,
    (Query("in use", f"max({SESSIONS} / {SESSION_LIMIT})"),),
    kind=Kind.STAT,
    width=6,
    height=5,
    steps=(Step(None, "green"), Step(0.6, "orange"), Step(0.9, "red")),
)

REQUESTS_BY_STATUS = Panel(
    "Requests by status",
    "Responses per second to clients, by status class, from the gateway or a slot. "
    "Health checks of clients and unknown addresses are in it.",
    units.RequestsPerSecond,
    tuple(
        Query(status, responses(status), NOT_IN_FRONT, color=color)
        for status, color in (("2xx", "green"), ("3xx", "blue"), ("4xx", "orange"), ("5xx", "red"))
    ),
)

ERRORS_BY_ORIGIN = Panel(
    "Errors by origin",
    "Requests per second that failed: answered with a 5xx by the gateway itself or by a slot; "
    "and attempts to reach a slot that failed, most of which a retry makes good.",
    units.RequestsPerSecond,
    (
        Query("5xx of the gateway", OWN_ERRORS, NOT_IN_FRONT, color="red"),
        Query("5xx of the slots", total(server_responses("5xx", FRONT)), NOT_IN_FRONT, color="orange"),
        Query(
            "no connection to a slot",
            total(rate("haproxy_server_connection_errors_total", SLOTS)),
            color="purple",
        ),
        Query(
            "no response of a slot",
            total(rate("haproxy_server_response_errors_total", SLOTS)),
            color="blue",
        ),
    ),
)

REJECTED = Panel(
    "Rejected",
    "Rejected by the gateway per second: requests over a rate or size limit (429, 413 ...), "
    "connections over the limit of one client, and input that is not HTTP (400, 408).",
    units.CountsPerSecond,
    (
        Query(
            "requests denied",
            total(rate("haproxy_frontend_requests_denied_total", FRONTEND, FRONT)),
            NOT_IN_FRONT,
            color="orange",
        ),
        Query(
            "connections denied",
            " + ".join(
                total(rate(f"haproxy_frontend_denied_{what}_total", FRONTEND, FRONT))
                for what in ("connections", "sessions")
            ),
            NOT_IN_FRONT,
            color="red",
        ),
        Query(
            "invalid requests",
            total(rate("haproxy_frontend_request_errors_total", FRONTEND, FRONT)),
            NOT_IN_FRONT,
            color="purple",
        ),
    ),
)

BY_API_KEY = Panel(
    "Requests by API key",
    "Requests per second with each API key, those above its rate (429), and those without a valid key (401).",
    units.RequestsPerSecond,
    (
        Query("{{api_key}}", by_key("requests"), NO_KEYS),
        Query(
            "429 {{api_key}}",
            by_key("refused", 'code="429"'),
            "requests_per_key is 0, or there are no API keys",
            dashed=True,
        ),
        Query("401", by_key("refused", 'code="401"'), NO_KEYS, color="red"),
    ),
)

QUEUE = Panel(
    "Queue",
    "Requests that wait until a slot is free, by gateway. More than a few for minutes: the slots are full.",
    units.Short,
    (Query("{{instance}}", f"sum by (instance) ({select('haproxy_backend_current_queue', BACKEND)})"),),
)

RETRIES = Panel(
    "Retries and redispatches",
    "Attempts per second to send a request once more, to the same slot (retry) or to another (redispatch). "
    "A few during a deployment are normal; clients do not see them.",
    units.CountsPerSecond,
    tuple(
        Query(name, total(rate(f"haproxy_backend_{counter}_warnings_total", BACKENDS)), color=color)
        for name, counter, color in (("retries", "retry", "orange"), ("redispatches", "redispatch", "purple"))
    ),
)

LIMITS = Panel(
    "Connections and limits",
    "Share of the limits that is in use, by gateway: connections of clients (the frontend's maxconn), "
    "and all connections of the process (the global maxconn).",
    units.PercentUnit,
    (
        Query("{{instance}} clients", in_use(SESSIONS, SESSION_LIMIT)),
        Query("{{instance}} process", in_use(CONNECTIONS, CONNECTION_LIMIT)),
    ),
    maximum=1,
    steps=(Step(None, "green"), Step(0.9, "red")),
)

STATES = ((1, "up", "green"), (0, "down", "red"), (2, "maintenance", "blue"), (3, "draining", "orange"))

STATE = Panel(
    "State of each slot",
    "Whether the gateway sends it requests. In maintenance: the idle slot, kept for a rollback.",
    units.NoUnit,
    (
        Query(
            SERVER,
            by_server(
                " or ".join(
                    f"{value} * {select('haproxy_server_status', BACKEND, NOT_WAIT, matcher)}"
                    for matcher, value in (
                        ('state="UP"', 1),
                        ('state="MAINT"', 2),
                        ('state=~"DRAIN|NOLB"', 3),
                    )
                )
            ),
        ),
    ),
    kind=Kind.STATES,
    values=STATES,
)

WEIGHT = Panel(
    "Weight",
    "Share of the requests that each slot is to get, as its weight; 0 while it is not up. "
    "A canary shows both slots of a host, in steps.",
    units.Short,
    (Query(SERVER, usable_weight()),),
)

RESPONSE_TIME = Panel(
    "Response time",
    "Mean time until a slot answered, over its last 1024 requests, in whole milliseconds; "
    "without the wait in the queue.",
    units.Seconds,
    (
        Query(
            SERVER,
            f"{select('haproxy_server_response_time_average_seconds', BACKEND, NOT_WAIT)} "
            f"and on (instance, server) {usable_weight()} > 0",
            may_be_empty=NO_SLOT_IN_USE,
        ),
    ),
)

REQUESTS_BY_SLOT = Panel(
    "Requests by slot",
    "Responses per second, by slot.",
    units.RequestsPerSecond,
    (Query(SERVER, by_server(rate("haproxy_server_http_responses_total", SLOTS))),),
)

ERRORS_BY_SLOT = Panel(
    "Server errors by slot",
    "Requests per second that a slot answered with a 5xx, or did not answer.",
    units.RequestsPerSecond,
    (
        Query(
            SERVER,
            f"{by_server(server_responses('5xx'))} "
            f"+ {by_server(rate('haproxy_server_response_errors_total', SLOTS))}",
        ),
    ),
)

SESSIONS_BY_SLOT = Panel(
    "Requests in progress by slot",
    "Requests that a slot is answering at this moment.",
    units.Short,
    (Query(SERVER, by_server(select("haproxy_server_current_sessions", SLOTS))),),
)


def _row(title: str, *panels: Panel) -> Row:
    """Graphs with room for the legend of both slots."""
    return Row(title, tuple(replace(panel, height=9) for panel in panels))


BOARD = Board(
    uid="gateway",
    title="Gateway",
    description="Does the gateway forward requests, to which slot, and what does it reject?",
    variables=job_and_instance("haproxy_process_start_time_seconds", job="gateway"),
    rows=(
        Row("Now", (USABLE_SLOTS, REQUESTS_WAITING, ERROR_RATIO, CONNECTIONS_IN_USE)),
        _row("Requests", REQUESTS_BY_STATUS, ERRORS_BY_ORIGIN, REJECTED, BY_API_KEY),
        _row("Load", QUEUE, RETRIES, LIMITS),
        _row("Slots", STATE, WEIGHT, RESPONSE_TIME, REQUESTS_BY_SLOT, ERRORS_BY_SLOT, SESSIONS_BY_SLOT),
    ),
)
