"""Unit tests of the rules for promtool, one module per rule file.

Expected values and texts are written out: a rule that is changed by mistake fails its test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workshop_monitoring.settings import Alerting

EXTERNAL_URL = "http://prometheus.example:9090"
GRAFANA = "http://prometheus.example:3000"


@dataclass(frozen=True)
class Fires:
    """An alert that has to be there.

    Attributes:
        at: Time since the first sample, for example "10m".
        labels: All labels but its name.
        summary: The rendered annotation.
        description: The rendered annotation.
    """

    at: str
    labels: Mapping[str, str]
    summary: str
    description: str


@dataclass(frozen=True)
class Scenario:
    """A test of one alert.

    Attributes:
        name: Name of the test.
        alert: Name of the alert.
        series: Samples by series, in promtool's notation.
        silent: Times at which the alert must not fire.
        fires: Times at which the alert has to fire, with its labels and texts; one Fires or several.
        interval: Time between two samples.
    """

    name: str
    alert: str
    series: Mapping[str, str]
    silent: tuple[str, ...] = ()
    fires: Fires | tuple[Fires, ...] = ()
    interval: str = "1m"

    def test(self, settings: Alerting, dashboards: Mapping[str, str]) -> dict[str, Any]:
        """The scenario as promtool reads it; `dashboards` has the uids by alert."""
        silent = [{"eval_time": at, "alertname": self.alert, "exp_alerts": []} for at in self.silent]
        fires = [
            {
                "eval_time": expected.at,
                "alertname": self.alert,
                "exp_alerts": [
                    {
                        "exp_labels": dict(expected.labels),
                        "exp_annotations": {
                            "summary": expected.summary,
                            "description": expected.description,
                            "runbook_url": f"{settings.runbook_base_url}/{self.alert}.md",
                            "dashboard_url": f"{GRAFANA}/d/{dashboards.get(self.alert, 'slo')}",
                        },
                    }
                ],
            }
            for expected in ((self.fires,) if isinstance(self.fires, Fires) else self.fires)
        ]
        return _test(self.name, self.interval, self.series) | {"alert_rule_test": silent + fires}


@dataclass(frozen=True)
class Query:
    """An expression and the samples (value by labels) that it has to give at a time."""

    expression: str
    at: str
    samples: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recording:
    """A test of recording rules."""

    name: str
    series: Mapping[str, str]
    queries: tuple[Query, ...]
    interval: str = "1m"

    def test(self, _settings: Alerting, _dashboards: Mapping[str, str]) -> dict[str, Any]:
        """The test as promtool reads it."""
        queries = [
            {
                "expr": query.expression,
                "eval_time": query.at,
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in query.samples.items()
                ],
            }
            for query in self.queries
        ]
        return _test(self.name, self.interval, self.series) | {"promql_expr_test": queries}


def _test(name: str, interval: str, series: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "interval": interval,
        "external_url": EXTERNAL_URL,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
    }
