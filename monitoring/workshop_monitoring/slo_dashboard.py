"""The dashboard `slo`: the error budget that is left, and how fast it is spent."""

from collections.abc import Sequence

from grafana_foundation_sdk.models import units

from workshop_monitoring.alerts import Severity
from workshop_monitoring.alerts.burn_rate import WINDOWS, Window
from workshop_monitoring.board import Board, Kind, Panel, Query, Row, Step, Variable
from workshop_monitoring.promql import select
from workshop_monitoring.slo import Slo

OBJECTIVES = 'sloth_service=~"$service", sloth_slo=~"$slo"'
"""Matchers of the variables; recording rules of the SLO have no labels job and instance."""

PER_OBJECTIVE = "on (sloth_service, sloth_slo)"
CONSEQUENCES = {Severity.PAGE: "someone is paged", Severity.TICKET: "a ticket is written"}
NO_ERRORS = "no request failed the objective recently"


def recorded(rule: str) -> str:
    """Select the series of a recording rule, named as in sloth."""
    return select(rule, chosen=OBJECTIVES)


def burn_rate(window: str) -> str:
    """Burn rate in this window."""
    errors = recorded(f"slo:sli_error:ratio_rate{window}")
    return f"{errors} / {PER_OBJECTIVE} {recorded('slo:error_budget:ratio')}"


def burn_rates(window: Window, severity: Severity, objectives: Sequence[Slo]) -> Panel:
    """Burn rates over the two windows of one alert, and where it fires."""
    factor = window.factor(objectives[0])
    return Panel(
        f"Burn rate over {window.long}",
        f"Errors compared with what the objective allows, over {window.long} and {window.short}; "
        "1 spends the budget in exactly its period. "
        f"When both are above {float(factor):g} (the line), {CONSEQUENCES[severity]}.",
        units.Short,
        tuple(Query(f"{{{{sloth_slo}}}} {name}", burn_rate(name)) for name in (window.short, window.long)),
        width=12,
        steps=(Step(None, "green"), Step(float(factor), "red")),
    )


BUDGET_LEFT = Panel(
    "Error budget left",
    "Share of the errors allowed in the period that may still happen. Below zero the objective is missed.",
    units.PercentUnit,
    (Query("{{sloth_slo}}", recorded("slo:period_error_budget_remaining:ratio")),),
    kind=Kind.STAT,
    minimum=None,
    height=6,
    width=6,
    steps=(Step(None, "red"), Step(0, "orange"), Step(0.25, "green")),
)

BURN_RATE = Panel(
    "Burn rate now",
    "How fast errors of the last minutes spend the budget: at 1 it is spent in exactly its period.",
    units.Short,
    (Query("{{sloth_slo}}", recorded("slo:current_burn_rate:ratio")),),
    kind=Kind.STAT,
    height=6,
    width=6,
    steps=(Step(None, "green"), Step(1, "orange"), Step(6, "red")),
)

TIME_TO_EXHAUSTION = Panel(
    "Time to exhaustion",
    "When the budget is spent at the error rate of the last minutes.",
    units.DurationSeconds,
    (
        Query(
            "{{sloth_slo}}",
            f"86400 * clamp_min({recorded('slo:period_error_budget_remaining:ratio')}, 0) "
            f"* {PER_OBJECTIVE} {recorded('slo:time_period:days')} "
            f"/ {PER_OBJECTIVE} ({recorded('slo:current_burn_rate:ratio')} > 0)",
            may_be_empty=NO_ERRORS,
        ),
    ),
    kind=Kind.STAT,
    height=6,
    width=6,
    steps=(Step(None, "red"), Step(86400, "orange"), Step(7 * 86400, "green")),
)

BUDGET_OVER_TIME = Panel(
    "Error budget over time",
    "Share of the budget that was left at that time; a step is an incident, a slope a steady error rate.",
    units.PercentUnit,
    (Query("{{sloth_slo}}", recorded("slo:period_error_budget_remaining:ratio")),),
    width=12,
    minimum=None,
    maximum=1,
)

ERRORS_AND_OBJECTIVE = Panel(
    "Errors and error budget",
    "Share of requests that failed the objective within an hour, and the share that it allows.",
    units.PercentUnit,
    (
        Query("{{sloth_slo}}", recorded("slo:sli_error:ratio_rate1h")),
        Query("{{sloth_slo}} allowed", recorded("slo:error_budget:ratio"), color="grey", dashed=True),
    ),
    width=12,
)

OBJECTIVE = Panel(
    "Objective",
    "Share of requests that must be good within the period; set in monitoring/slo.yml.",
    units.PercentUnit,
    (Query("{{sloth_slo}}", recorded("slo:objective:ratio")),),
    kind=Kind.STAT,
    height=6,
    width=6,
)


def board(objectives: Sequence[Slo]) -> Board:
    """The dashboard; its lines are where the alerts of these objectives fire."""
    return Board(
        uid="slo",
        title="SLO",
        description="Does the service meet its objectives, and when is the error budget spent?",
        variables=(
            Variable("service", "Service", "sloth_slo_info", of="sloth_service"),
            Variable("slo", "Objective", 'sloth_slo_info{sloth_service=~"$service"}', of="sloth_slo"),
        ),
        rows=(
            Row(
                "Budget",
                (
                    BUDGET_LEFT,
                    BURN_RATE,
                    TIME_TO_EXHAUSTION,
                    OBJECTIVE,
                    BUDGET_OVER_TIME,
                    ERRORS_AND_OBJECTIVE,
                ),
            ),
            Row(
                "Burn rates, by alert window",
                tuple(
                    burn_rates(window, severity, objectives)
                    for severity, windows in WINDOWS.items()
                    for window in windows
                ),
            ),
        ),
        since="now-24h",
    )
