"""Alerting rules, one module per component."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workshop_monitoring.settings import Alerting


class Severity(StrEnum):
    """How soon someone must respond; Alertmanager routes by it."""

    PAGE = "page"
    """Now."""
    TICKET = "ticket"
    """The next working day."""
    NONE = "none"
    """Never: the alert only shows that delivery works."""


@dataclass(frozen=True)
class Alert:
    """One alerting rule.

    Attributes:
        name: Of the alert, and of its page in docs/runbooks.
        expression: PromQL; fires for each series that it returns.
        severity: How soon someone must respond.
        summary: One line: what is wrong, and where.
        description: What it means, with values.
        dashboard: Uid of the dashboard to open.
        hold: The rule's `for`, for example "5m"; empty: none.
        labels: Labels beside severity.
    """

    name: str
    expression: str
    severity: Severity
    summary: str
    description: str
    dashboard: str
    hold: str = ""
    labels: dict[str, str] = field(default_factory=dict)

    def rule(self, settings: Alerting) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expression,
            **({"for": self.hold} if self.hold else {}),
            "labels": {"severity": str(self.severity), **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook_url": f"{settings.runbook_base_url}/{self.name}.md",
                "dashboard_url": f"{settings.grafana_url}/d/{self.dashboard}",
            },
        }
