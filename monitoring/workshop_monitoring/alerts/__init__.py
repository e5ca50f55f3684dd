"""What people are told of: a module for each thing that is watched."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workshop_monitoring.settings import Alerting


class Severity(StrEnum):
    """How soon somebody has to look; Alertmanager routes by it."""

    PAGE = "page"
    """Now."""
    TICKET = "ticket"
    """In working hours."""
    NONE = "none"
    """Never: the alert is there to be received."""


@dataclass(frozen=True)
class Alert:
    """One alerting rule.

    Attributes:
        name: Of the alert, and of its page in docs/runbooks.
        expression: PromQL; fires for each series that it returns.
        severity: How soon somebody has to look.
        summary: One line: what is wrong, and where.
        description: What it means, with values.
        dashboard: Uid of the dashboard to look at.
        hold: How long it has to be so, for example "5m"; empty: not at all.
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
