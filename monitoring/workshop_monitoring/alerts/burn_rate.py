"""Multi-window burn-rate alerts (Site Reliability Workbook, chapter 5).

The long window shows that the error budget matters, the short one that errors continue.
"""

from dataclasses import dataclass
from decimal import Decimal

from workshop_monitoring import indicators
from workshop_monitoring.alerts import Alert, Severity
from workshop_monitoring.settings import Alerting
from workshop_monitoring.slo import Slo


@dataclass(frozen=True)
class Window:
    """Spending this share of the budget within the long window is too fast."""

    long: str
    short: str
    long_hours: int
    budget_share: Decimal

    def factor(self, slo: Slo) -> Decimal:
        """Return the burn rate at which the alert fires; 14.4, 6, 3 and 1 for a period of 30 days."""
        return self.budget_share * slo.window_days * 24 / self.long_hours


WINDOWS = {
    Severity.PAGE: (Window("1h", "5m", 1, Decimal("0.02")), Window("6h", "30m", 6, Decimal("0.05"))),
    Severity.TICKET: (Window("1d", "2h", 24, Decimal("0.1")), Window("3d", "6h", 72, Decimal("0.1"))),
}


def alerts(slo: Slo, settings: Alerting) -> list[Alert]:
    """One alert to page and one to write a ticket."""
    return [
        Alert(
            name=f"{slo.service.title()}{slo.name.title()}BudgetBurn",
            expression="\nor\n".join(_too_fast(slo, window, settings) for window in windows),
            severity=severity,
            labels={"sloth_severity": str(severity)},
            summary=f"{slo.service} spends its error budget for {slo.name} too fast",
            description=(
                f"{{{{ $value | humanizePercentage }}}} of predictions failed over {windows[0].long} (or, "
                f"when that is less than {_plain(windows[0].factor(slo) * slo.error_budget * 100)} %, over "
                f"{windows[1].long}); the objective allows {_plain(slo.error_budget * 100)} %. "
                f"Good are: {slo.description}"
            ),
            dashboard="slo",
        )
        for severity, windows in WINDOWS.items()
    ]


def _too_fast(slo: Slo, window: Window, settings: Alerting) -> str:
    def above(name: str) -> str:
        errors = f"slo:sli_error:ratio_rate{name}{slo.selector}"
        return f"max without (sloth_window) ({errors} > {_plain(window.factor(slo))} * {slo.error_budget})"

    failed = indicators.failed(slo, "increase", window.long).replace("\n", "\n    ")
    return (
        f"(\n  {above(window.long)}\n  and\n  {above(window.short)}\n  and on ()\n"
        f"  (\n    {failed}\n  )\n  >= {settings.minimum_failed_requests}\n)"
    )


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
