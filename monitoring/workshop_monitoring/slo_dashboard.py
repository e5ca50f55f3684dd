"""The dashboard `slo`: how much of the error budget is left, and how fast it goes."""

from grafana_foundation_sdk.models import units

from workshop_monitoring.board import Board, Kind, Panel, Query, Row, Step, Variable
from workshop_monitoring.promql import select

OBJECTIVES = 'sloth_service=~"$service", sloth_slo=~"$slo"'
"""What the variables choose; recording rules of the SLO carry neither job nor instance."""

PER_OBJECTIVE = "on (sloth_service, sloth_slo)"
NO_ERRORS = "no request failed the objective lately, so that the budget is not being spent"


def recorded(rule: str) -> str:
    """Series that a recording rule (sloth's names) made."""
    return select(rule, chosen=OBJECTIVES)


def burn_rate(window: str) -> str:
    """How many times faster than allowed errors came in this window."""
    errors = recorded(f"slo:sli_error:ratio_rate{window}")
    return f"{errors} / {PER_OBJECTIVE} {recorded('slo:error_budget:ratio')}"


def burn_rates(title: str, windows: tuple[str, str], threshold: float, then: str) -> Panel:
    """Burn rates over the two windows of one alert."""
    return Panel(
        title,
        f"Errors compared with what the objective allows, over {windows[0]} and {windows[1]}; "
        f"1 spends the budget in exactly its period. When both are above {threshold:g} (the line), {then}.",
        units.Short,
        tuple(Query(f"{{{{sloth_slo}}}} {window}", burn_rate(window)) for window in windows),
        width=12,
        steps=(Step(None, "green"), Step(threshold, "red")),
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
    "When the budget is spent if errors go on as in the last minutes.",
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
    "Share of the budget that was left at that time; a step down is an incident, a slow slope a habit.",
    units.PercentUnit,
    (Query("{{sloth_slo}}", recorded("slo:period_error_budget_remaining:ratio")),),
    width=12,
    minimum=None,
    maximum=1,
)

ERRORS_AND_OBJECTIVE = Panel(
    "Errors and what is allowed",
    "Share of requests that failed the objective within an hour, and the share that it allows.",
    units.PercentUnit,
    (
        Query("{{sloth_slo}}", recorded("slo:sli_error:ratio_rate1h")),
        Query("{{sloth_slo}} allowed", recorded("slo:error_budget:ratio")),
    ),
    width=12,
)

FAST_BURN = burn_rates("Burn rate of the last hour", ("5m", "1h"), 14.4, "someone is paged")

OBJECTIVE = Panel(
    "Objective",
    "Share of requests that has to be good within the period; monitoring/slo.yml sets it.",
    units.PercentUnit,
    (Query("{{sloth_slo}}", recorded("slo:objective:ratio")),),
    kind=Kind.STAT,
    height=6,
    width=6,
)

BOARD = Board(
    uid="slo",
    title="SLO",
    description="Is the service as good as was promised, and how long can it go on like this?",
    variables=(
        Variable("service", "Service", "sloth_slo_info", of="sloth_service"),
        Variable("slo", "Objective", 'sloth_slo_info{sloth_service=~"$service"}', of="sloth_slo"),
    ),
    rows=(
        Row(
            "Budget",
            (BUDGET_LEFT, BURN_RATE, TIME_TO_EXHAUSTION, OBJECTIVE, BUDGET_OVER_TIME, ERRORS_AND_OBJECTIVE),
        ),
        Row(
            "Burn rates, as the alerts look at them",
            (
                FAST_BURN,
                burn_rates("Burn rate of the last 6 hours", ("30m", "6h"), 6, "someone is paged"),
                burn_rates("Burn rate of the last day", ("2h", "1d"), 3, "a ticket is written"),
                burn_rates("Burn rate of the last 3 days", ("6h", "3d"), 1, "a ticket is written"),
            ),
        ),
    ),
    since="now-24h",
)
