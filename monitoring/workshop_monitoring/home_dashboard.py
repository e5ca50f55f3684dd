"""The dashboard `home`: an overview with links to the other dashboards."""

from collections.abc import Sequence
from dataclasses import replace

from grafana_foundation_sdk.models import units

from workshop_monitoring.board import Board, Kind, Link, Panel, Query, Row, Step, job_and_instance
from workshop_monitoring.indicators import DURATION
from workshop_monitoring.inference_dashboard import REQUESTS, TRAFFIC, status_ratio
from workshop_monitoring.promql import quantile, select
from workshop_monitoring.slo import AVAILABILITY, LATENCY, Slo
from workshop_monitoring.slo_dashboard import BUDGET_LEFT as SLO_BUDGET_LEFT

INFERENCE = (Link("Inference", "/d/inference?${__url_time_range}"),)
ALERT_LABELS = ("alertname", "severity", "job", "instance")
FIRING_ALERTS = 'alertstate="firing", alertname!="Watchdog"'
SLO = (Link("SLO", "/d/slo"),)

WATCHED = select("up", 'job!="load_test"')

TARGETS_DOWN = Panel(
    "Targets down",
    "Targets that Prometheus cannot reach; a load test, which is up only while it runs, is left out.",
    units.Short,
    (Query("down", f"count({WATCHED} == 0) or vector(0)"),),
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


def server_errors(objective: Slo | None) -> Panel:
    """Share of failed requests, coloured by what the objective allows."""
    allowed = float(objective.error_budget) if objective else 0
    errors = f"slo:sli_error:ratio_rate5m{objective.selector}" if objective else status_ratio("5")
    return Panel(
        "Server errors",
        "Share of predictions answered with a server error (5xx), by a slot or by the gateway."
        + (f" The objective allows {100 * allowed:g} %." if objective else ""),
        units.PercentUnit,
        (Query("5xx", errors),),
        kind=Kind.STAT,
        width=5,
        height=5,
        steps=(Step(None, "green"), Step(allowed, "orange"), Step(10 * allowed, "red")) if objective else (),
        links=SLO,
    )


def slowest(objective: Slo | None) -> Panel:
    """The 99th percentile, coloured by the objective's threshold."""
    limit = objective.threshold_seconds if objective and objective.threshold_seconds else 0
    return Panel(
        "Latency p99",
        "Time within which 99 % of requests were answered."
        + (f" The objective is {1000 * limit:g} ms." if limit else ""),
        units.Seconds,
        (Query("p99", quantile(0.99, DURATION, TRAFFIC)),),
        kind=Kind.STAT,
        width=5,
        height=5,
        steps=(Step(None, "green"), Step(limit / 2, "orange"), Step(limit, "red")) if limit else (),
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


def firing(runbooks: str) -> Panel:
    """Firing alerts, with links to their runbooks."""
    return Panel(
        "Firing alerts",
        "Each alert has a runbook, docs/runbooks/<its name>.md.",
        units.NoUnit,
        (
            Query(
                "",
                f"max by ({', '.join(ALERT_LABELS)}) ({select('ALERTS', chosen=FIRING_ALERTS)})",
                may_be_empty="no alert fires",
            ),
        ),
        kind=Kind.TABLE,
        columns=ALERT_LABELS,
        width=12,
        links=(Link("Runbook", f"{runbooks}/${{__data.fields.alertname}}.md"),) if "://" in runbooks else (),
    )


UP = Panel(
    "Target status",
    "Whether each target answered its scrape; the load test, which is up only while it runs, is left out.",
    units.NoUnit,
    (Query("{{job}} {{instance}}", f"min by (job, instance) ({WATCHED})"),),
    kind=Kind.STATES,
    width=12,
    values=((1, "up", "green"), (0, "down", "red")),
    links=(Link("Hosts", "/d/hosts?${__url_time_range}"),),
)


def board(objectives: Sequence[Slo], runbooks: str) -> Board:
    """The dashboard.

    Args:
        objectives: Objectives, for the thresholds of the panels.
        runbooks: Address of docs/runbooks; linked if it is a web address.
    """
    by_name = {objective.name: objective for objective in objectives}
    numbers = (
        TARGETS_DOWN,
        REQUEST_RATE,
        server_errors(by_name.get(AVAILABILITY)),
        slowest(by_name.get(LATENCY)),
        BUDGET_LEFT,
    )
    return Board(
        uid="home",
        title="Home",
        description="Is the site healthy, and which alerts fire?",
        variables=job_and_instance("up"),
        rows=(Row("Now", numbers), Row("Alerts and targets", (firing(runbooks), UP))),
    )
