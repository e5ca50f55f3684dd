"""Every dashboard keeps the rules of grafana/dashboard-linter and ours; rules notice when they are broken."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import generate
import pytest
from workshop_monitoring.dashboard_rules import RULES

DASHBOARDS = {
    file.stem: json.loads(file.read_text())
    for file in sorted((Path(generate.__file__).parent / "dashboards").glob("*.json"))
}

WHOLE_SERVICE = "recording rules of the objectives are about the whole service"
TWO_SIDES = "Locust is another job, with a variable of its own: generator"
GATEWAY = "which slot gets requests is what another job, the gateway, knows"
ALERTS = "an alert need not be about a target"

EXCEPTIONS: dict[tuple[str, str], dict[str, str]] = {
    ("slo", ""): {
        "template-job-rule": WHOLE_SERVICE,
        "template-instance-rule": WHOLE_SERVICE,
        "target-job-rule": WHOLE_SERVICE,
        "target-instance-rule": WHOLE_SERVICE,
    },
    ("load-test", ""): {"target-job-rule": TWO_SIDES, "target-instance-rule": TWO_SIDES},
    ("model", "Model served"): {"target-job-rule": GATEWAY},
    ("model", "Revisions over time"): {"target-job-rule": GATEWAY},
    ("home", "Error budget left"): {"target-job-rule": WHOLE_SERVICE, "target-instance-rule": WHOLE_SERVICE},
    ("home", "Alerts that fire"): {"target-job-rule": ALERTS, "target-instance-rule": ALERTS},
}
"""Reasons why a dashboard, or one of its panels, is excepted from a rule."""


def excepted(uid: str, panel: str, rule: str) -> bool:
    return any(rule in EXCEPTIONS.get((uid, where), {}) for where in ("", panel))


@pytest.mark.parametrize("uid", DASHBOARDS)
@pytest.mark.parametrize("rule", RULES)
def test_dashboard_keeps_the_rule(uid: str, rule: str) -> None:
    found = [broken for broken in RULES[rule](DASHBOARDS[uid]) if not excepted(uid, broken.panel, rule)]
    assert found == []


@pytest.mark.parametrize(
    ("uid", "panel", "rule"), [(*where, rule) for where, rules in EXCEPTIONS.items() for rule in rules]
)
def test_exception_is_needed(uid: str, panel: str, rule: str) -> None:
    assert [broken for broken in RULES[rule](DASHBOARDS[uid]) if panel in ("", broken.panel)]


Change = Callable[[Any], object]


def variable(board: Any, name: str) -> Any:
    return next(found for found in board["templating"]["list"] if found["name"] == name)


def ask(expression: str) -> Change:
    return lambda board: panel(board)["targets"][0].update(expr=expression)


def panel(board: Any) -> Any:
    """The first one that is not a row."""
    return board["panels"][1]


CHOSEN = 'job=~"$job", instance=~"$instance"'

BREAKS: list[tuple[str, Change]] = [
    ("template-datasource-rule", lambda board: board["templating"]["list"].pop(0)),
    ("template-datasource-rule", lambda board: variable(board, "datasource").update(query="loki")),
    ("template-datasource-rule", lambda board: variable(board, "datasource").update(label="Source")),
    ("template-job-rule", lambda board: variable(board, "job").update(name="task")),
    ("template-job-rule", lambda board: variable(board, "job")["datasource"].update(uid="prometheus")),
    ("template-instance-rule", lambda board: variable(board, "instance").update(label="Host")),
    (
        "template-label-promql-rule",
        lambda board: variable(board, "job").update(query="label_values(up{, job)"),
    ),
    ("template-label-promql-rule", lambda board: variable(board, "job").update(query="label_values(job)")),
    ("template-on-time-change-reload-rule", lambda board: variable(board, "job").update(refresh=1)),
    ("template-multiple-rule", lambda board: variable(board, "job").update(multi=False)),
    ("template-multiple-rule", lambda board: variable(board, "instance").update(allValue=".*")),
    ("uneditable-dashboard-rule", lambda board: board.update(editable=True)),
    ("dashboard-description-rule", lambda board: board.update(title="New dashboard")),
    ("dashboard-description-rule", lambda board: board.update(description="Shows things")),
    ("panel-datasource-rule", lambda board: panel(board)["datasource"].update(uid="prometheus")),
    ("panel-datasource-rule", lambda board: panel(board)["targets"][0].pop("datasource")),
    ("panel-title-description-rule", lambda board: panel(board).update(title="Panel Title")),
    ("panel-title-description-rule", lambda board: panel(board).update(description="")),
    ("panel-title-description-rule", lambda board: panel(board).update(title=board["panels"][2]["title"])),
    ("panel-units-rule", lambda board: panel(board)["fieldConfig"]["defaults"].pop("unit")),
    ("panel-units-rule", lambda board: panel(board)["fieldConfig"]["defaults"].update(unit="furlong")),
    ("panel-no-targets-rule", lambda board: panel(board).update(targets=[])),
    ("panel-id-rule", lambda board: panel(board).pop("id")),
    ("panel-id-rule", lambda board: panel(board).update(id=board["panels"][2]["id"])),
    ("panel-grid-rule", lambda board: panel(board)["gridPos"].update(x=20)),
    ("panel-grid-rule", lambda board: panel(board)["gridPos"].update(h=9)),
    ("target-promql-rule", ask(f"sum(up{{{CHOSEN}}}")),
    ("target-promql-rule", ask(f"rate(up{{{CHOSEN}}})")),
    ("target-promql-rule", ask(f'up{{{CHOSEN}, device="$device"}}')),
    ("target-rate-interval-rule", ask(f"rate(x_total{{{CHOSEN}}}[5m])")),
    ("target-job-rule", ask('up{instance=~"$instance"}')),
    ("target-job-rule", ask('up{job="$job", instance=~"$instance"}')),
    ("target-job-rule", ask(f'up{{{CHOSEN}}} / up{{job=~".+", instance=~"$instance"}}')),
    ("target-instance-rule", ask('rate(x_total{job=~"$job"}[$__rate_interval])')),
    ("target-counter-agg-rule", ask(f"sum(x_total{{{CHOSEN}}})")),
    ("target-counter-agg-rule", ask(f"delta(x_count{{{CHOSEN}}}[$__rate_interval])")),
    ("target-legend-rule", lambda board: panel(board)["targets"][0].pop("legendFormat")),
    ("target-ref-id-rule", lambda board: board["panels"][2]["targets"][1].update(refId="A")),
    ("target-ref-id-rule", lambda board: panel(board)["targets"][0].pop("refId")),
]


@pytest.mark.parametrize(("rule", "change"), BREAKS)
def test_rule_notices_what_breaks_it(rule: str, change: Change) -> None:
    board = copy.deepcopy(DASHBOARDS["inference"])
    assert list(RULES[rule](board)) == []
    change(board)
    assert list(RULES[rule](board))


def test_every_rule_is_broken_once() -> None:
    assert {rule for rule, _change in BREAKS} == set(RULES)
