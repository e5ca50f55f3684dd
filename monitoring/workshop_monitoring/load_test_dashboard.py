"""The dashboard `load-test`: measurements of the same requests by Locust and by the server."""

from grafana_foundation_sdk.models import units

from workshop_monitoring.board import Board, Kind, Panel, Query, Row, Variable, job_and_instance
from workshop_monitoring.indicators import DURATION
from workshop_monitoring.inference_dashboard import REQUESTS, TRAFFIC
from workshop_monitoring.promql import buckets, mean, quantile, rate, select

RESPONSE_TIME = "locust_response_time_seconds"
GENERATOR = 'job=~"locust|load_test", instance=~"$generator"'
"""The Locust of Instance_A (with web UI) and the one of playbooks/load_test.yml."""

IDLE = "no load test ran in the time range"


def locust_rate(counter: str, by: str) -> str:
    """Increase per second of one of Locust's counters."""
    return f"sum by ({by}) ({rate(counter, chosen=GENERATOR)})"


RATE_BOTH_SIDES = Panel(
    "Request rate, both sides",
    "Requests per second with an answer, as counted by Locust and by the server. "
    "They differ by requests of other clients and by requests that never reached the server.",
    units.RequestsPerSecond,
    (
        Query("Locust", f"sum({rate(f'{RESPONSE_TIME}_count', chosen=GENERATOR)})", IDLE),
        Query("server", f"sum({REQUESTS})"),
    ),
)

LATENCY_BOTH_SIDES = Panel(
    "Latency, both sides",
    "Time within which requests were answered, measured by Locust and by the server. "
    "The server measures from when a worker accepts the request; the difference is time in the queue.",
    units.Seconds,
    tuple(
        query
        for share in (0.5, 0.99)
        for query in (
            Query(f"Locust p{100 * share:.0f}", quantile(share, RESPONSE_TIME, chosen=GENERATOR), IDLE),
            Query(f"server p{100 * share:.0f}", quantile(share, DURATION, TRAFFIC)),
        )
    ),
)

UNSEEN_BY_SERVER = Panel(
    "Latency outside the server",
    "Mean response time measured by Locust less the server's own: "
    "connection, network and queue. When it grows with the number of users, the server is full.",
    units.Seconds,
    (Query("mean", f"({mean(RESPONSE_TIME, chosen=GENERATOR)}) - ({mean(DURATION, TRAFFIC)})", IDLE),),
    minimum=None,
)

USERS = Panel(
    "Users",
    "Simulated users, by Locust; each waits for its response before its next request.",
    units.Short,
    (Query("{{instance}}", select("locust_users", chosen=GENERATOR), IDLE),),
)

REQUESTS_BY_NAME = Panel(
    "Requests by name",
    "Requests per second, by method and name.",
    units.RequestsPerSecond,
    (Query("{{method}} {{name}}", locust_rate("locust_requests_total", "method, name"), IDLE),),
)

FAILURES_BY_NAME = Panel(
    "Failures by name",
    "Requests per second that Locust counts as failed: no answer, an error, or a wrong answer.",
    units.RequestsPerSecond,
    (
        Query(
            "{{method}} {{name}}",
            locust_rate("locust_request_failures_total", "method, name"),
            may_be_empty="no request of a load test failed",
        ),
    ),
)

RESPONSE_TIMES_OF_LOCUST = Panel(
    "Response times of Locust",
    "How many requests per second took how long, measured by Locust; "
    "below a millisecond, too, where its own statistics round.",
    units.Seconds,
    (Query("{{le}}", buckets(RESPONSE_TIME, chosen=GENERATOR), IDLE),),
    kind=Kind.HEATMAP,
    width=16,
)

BOARD = Board(
    uid="load-test",
    title="Load test",
    description="How much latency do clients see that the server does not measure?",
    variables=(
        *job_and_instance(f"{DURATION}_count", job="inference"),
        Variable("generator", "Locust", "locust_users", of="instance"),
    ),
    rows=(
        Row("Both sides", (RATE_BOTH_SIDES, LATENCY_BOTH_SIDES, UNSEEN_BY_SERVER)),
        Row("Locust", (USERS, REQUESTS_BY_NAME, FAILURES_BY_NAME, RESPONSE_TIMES_OF_LOCUST)),
    ),
    since="now-30m",
)
