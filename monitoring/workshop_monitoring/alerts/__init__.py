"""Alerting rules, one module per component."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workshop_monitoring.settings import Alerting


class Severity(StrEnum):
    """Urgency of a response; Alertmanager routes by it."""

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
        name: Name of the alert, and of its page in docs/runbooks.
        expression: PromQL; fires for each series that it returns.
        severity: Urgency of a response.
        summary: One line with the problem and its place.
        description: Meaning of the alert, with values.
        dashboard: Uid of the dashboard to open.
        hold: The rule's `for`, for example "5m"; empty: none.
        labels: Labels in addition to severity.
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
