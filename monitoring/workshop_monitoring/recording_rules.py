"""Recording rules of an objective, under the names that sloth gives them (github.com/slok/sloth)."""

from typing import Any

from workshop_monitoring import indicators
from workshop_monitoring.slo import Slo

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
"""Windows that burn rates are looked at over."""

Rule = dict[str, Any]


def sli_rules(slo: Slo) -> list[Rule]:
    """Error ratio over each window, and over the window of the objective.

    The last is the mean of the five-minute ratios, as with sloth: to read a month of requests at each
    evaluation would take too long. Five minutes without predictions don't count.
    """
    period = f"{slo.window_days}d"
    short = f"slo:sli_error:ratio_rate5m{slo.selector}[{period}]"
    rules = [_sli(slo, window, indicators.error_ratio(slo, window)) for window in WINDOWS]
    return [
        *rules,
        _sli(slo, period, f"sum_over_time({short})\n/ ignoring (sloth_window)\ncount_over_time({short})"),
    ]


def metadata_rules(slo: Slo) -> list[Rule]:
    """The objective itself, and how much of its error budget is gone."""

    def burn_rate(window: str) -> str:
        errors = f"slo:sli_error:ratio_rate{window}{slo.selector}"
        budget = f"slo:error_budget:ratio{slo.selector}"
        return f"{errors}\n/ on (sloth_id, sloth_slo, sloth_service) group_left ()\n{budget}"

    return [
        _record(slo, "slo:objective:ratio", f"vector({slo.objective / 100})"),
        _record(slo, "slo:error_budget:ratio", f"vector({slo.error_budget})"),
        _record(slo, "slo:time_period:days", f"vector({slo.window_days})"),
        _record(slo, "slo:current_burn_rate:ratio", burn_rate("5m")),
        _record(slo, "slo:period_burn_rate:ratio", burn_rate(f"{slo.window_days}d")),
        _record(
            slo,
            "slo:period_error_budget_remaining:ratio",
            f"1 - slo:period_burn_rate:ratio{slo.selector}",
        ),
        _record(slo, "sloth_slo_info", "vector(1)", sloth_objective=str(slo.objective)),
    ]


def _sli(slo: Slo, window: str, expression: str) -> Rule:
    return _record(slo, f"slo:sli_error:ratio_rate{window}", expression, sloth_window=window)


def _record(slo: Slo, name: str, expression: str, **labels: str) -> Rule:
    return {"record": name, "expr": expression, "labels": slo.labels | labels}
