"""The dashboard `home`: opens first, and says where to look next."""

from dataclasses import replace

from grafana_foundation_sdk.models import units

from workshop_monitoring.board import Board, Kind, Link, Panel, Query, Row, Step, job_and_instance
from workshop_monitoring.inference_dashboard import DURATION, REQUESTS, TRAFFIC, status_ratio
from workshop_monitoring.promql import quantile, select
from workshop_monitoring.slo_dashboard import BUDGET_LEFT as SLO_BUDGET_LEFT

INFERENCE = (Link("Inference", "/d/inference?${__url_time_range}"),)
FIRING_ALERTS = 'alertstate="firing", alertname!="Watchdog"'
SLO = (Link("SLO", "/d/slo"),)

TARGETS_DOWN = Panel(
    "Targets down",
    "Things that Prometheus is to watch and cannot reach.",
    units.Short,
    (Query("down", f"count({select('up')} == 0) or vector(0)"),),
    kind=Kind.STAT,
    width=4,
    height=5,
    steps=(Step(None, "green"), Step(1, "red")),
)

REQUEST_RATE = Panel(
    "Requests",
    "Requests answered per second by all instances; health checks and scrapes are left out.",
    units.RequestsPerSecond,
    (Query("requests", f"sum({REQUESTS})"),),
    kind=Kind.STAT,
    width=5,
    height=5,
    links=INFERENCE,
)

SERVER_ERRORS = Panel(
    "Server errors",
    "Share of requests answered with a 5xx; an objective of 99.9 % allows 0.1 %.",
    units.PercentUnit,
    (Query("5xx", status_ratio("5..")),),
    kind=Kind.STAT,
    width=5,
    height=5,
    steps=(Step(None, "green"), Step(0.001, "orange"), Step(0.01, "red")),
    links=INFERENCE,
)

SLOWEST = Panel(
    "Slowest 1 %",
    "Time within which 99 % of requests were answered; the objective is 50 ms.",
    units.Seconds,
    (Query("p99", quantile(0.99, DURATION, TRAFFIC)),),
    kind=Kind.STAT,
    width=5,
    height=5,
    steps=(Step(None, "green"), Step(0.025, "orange"), Step(0.05, "red")),
    links=INFERENCE,
)

BUDGET_LEFT = replace(
    SLO_BUDGET_LEFT,
    description="Share of the errors allowed in the period that may still happen, of the worse objective.",
    queries=(Query("left", "min(slo:period_error_budget_remaining:ratio)"),),
    width=5,
    height=5,
    links=SLO,
)

FIRING = Panel(
    "Alerts that fire",
    "Each alert has a page docs/runbooks/<its name>.md: what it means, where to look, what to do.",
    units.NoUnit,
    (
        Query(
            "",
            f"max by (alertname, severity, job, instance) ({select('ALERTS', chosen=FIRING_ALERTS)})",
            may_be_empty="no alert fires",
        ),
    ),
    kind=Kind.TABLE,
    width=12,
)

UP = Panel(
    "What is up",
    "Each target that Prometheus scrapes, and whether it answered.",
    units.NoUnit,
    (Query("{{job}} {{instance}}", f"max by (job, instance) ({select('up')})"),),
    kind=Kind.STATES,
    width=12,
    values=((1, "up", "green"), (0, "down", "red")),
    links=(Link("Open it", "http://${__field.labels.instance}/"),),
)

BOARD = Board(
    uid="home",
    title="Home",
    description="Is everything well, and where do I look if not?",
    variables=job_and_instance("up"),
    rows=(
        Row("Now", (TARGETS_DOWN, REQUEST_RATE, SERVER_ERRORS, SLOWEST, BUDGET_LEFT)),
        Row("What to look at", (FIRING, UP)),
    ),
)
