"""Every dashboard follows the rules of grafana/dashboard-linter and ours."""

import json
from pathlib import Path

import generate
import pytest
from workshop_monitoring.dashboard_rules import RULES

DASHBOARDS = {
    file.stem: json.loads(file.read_text())
    for file in sorted((Path(generate.__file__).parent / "dashboards").glob("*.json"))
}

WHOLE_SERVICE = "the SLO recording rules cover the whole service"
TWO_SIDES = "Locust is another job, selected by the variable generator"
GATEWAY = "the gateway, another job, reports which slot gets requests"
KEYS = "the gateway reports requests by API key as another job"
ALERTS = "an alert may have no target"

EXCEPTIONS: dict[tuple[str, str], dict[str, str]] = {
    ("slo", ""): {
        "target-job-rule": WHOLE_SERVICE,
        "target-instance-rule": WHOLE_SERVICE,
    },
    ("load-test", ""): {"target-job-rule": TWO_SIDES, "target-instance-rule": TWO_SIDES},
    ("gateway", "Requests by API key"): {"target-job-rule": KEYS},
    ("model", "Model served"): {"target-job-rule": GATEWAY},
    ("model", "Revisions over time"): {"target-job-rule": GATEWAY},
    ("home", "Error budget left"): {"target-job-rule": WHOLE_SERVICE, "target-instance-rule": WHOLE_SERVICE},
    ("home", "Server errors"): {"target-job-rule": WHOLE_SERVICE, "target-instance-rule": WHOLE_SERVICE},
    ("home", "Firing alerts"): {"target-job-rule": ALERTS, "target-instance-rule": ALERTS},
}
"""Exceptions of a dashboard, or one of its panels, from a rule, with the reason."""


def excepted(uid: str, panel: str, rule: str) -> bool:
    return any(rule in EXCEPTIONS.get((uid, where), {}) for where in ("", panel))


@pytest.mark.parametrize("uid", DASHBOARDS)
@pytest.mark.parametrize("rule", RULES)
def test_dashboard_follows_the_rule(uid: str, rule: str) -> None:
    found = [broken for broken in RULES[rule](DASHBOARDS[uid]) if not excepted(uid, broken.panel, rule)]
    assert found == []


@pytest.mark.parametrize(
    ("uid", "panel", "rule"), [(*where, rule) for where, rules in EXCEPTIONS.items() for rule in rules]
)
def test_exception_is_needed(uid: str, panel: str, rule: str) -> None:
    assert [broken for broken in RULES[rule](DASHBOARDS[uid]) if panel in ("", broken.panel)]
