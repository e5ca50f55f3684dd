"""Rules of grafana/dashboard-linter (explained in its docs/rules) that grafana.py does not guarantee.

Each takes a dashboard as Grafana's JSON and yields its violations.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser
from grafana_foundation_sdk.models import units

from workshop_monitoring.promql import fill

Json = Mapping[str, Any]

KNOWN_UNITS = {unit for name, unit in vars(units).items() if name[0].isupper() and isinstance(unit, str)}
WITHOUT_UNIT = {"row", "text", "dashlist"}
COUNTER_SUFFIXES = ("_total", "_count", "_sum", "_bucket")
COUNTER_FUNCTIONS = {"rate", "irate", "increase"}


@dataclass(frozen=True)
class Violation:
    """A violation of a rule; `panel` is the title of a panel, or empty."""

    panel: str
    message: str


Rule = Callable[[Json], Iterator[Violation]]


def template_label_promql(board: Json) -> Iterator[Violation]:
    """Variables query label_values of a valid selector."""
    for variable in _query_variables(board):
        selector, comma, _label = (
            variable["query"].removeprefix("label_values(").removesuffix(")").rpartition(",")
        )
        if not comma or not variable["query"].startswith("label_values("):
            yield Violation("", f"variable {variable['name']} does not query label_values(series, label)")
        elif isinstance(message := _parse(board, selector), str):
            yield Violation("", f"variable {variable['name']}: {message}")


def dashboard_description(board: Json) -> Iterator[Violation]:
    """A dashboard has a title, and its description is a question."""
    if not board["title"] or board["title"] == "New dashboard":
        yield Violation("", "has no title of its own")
    if not board["description"].endswith("?"):
        yield Violation("", "has a description that is not a question")


def panel_title_description(board: Json) -> Iterator[Violation]:
    """Panels have a unique title and a description."""
    for panel in _panels(board):
        if not panel["title"] or panel["title"] in ("Panel Title", "New panel"):
            yield Violation(panel["title"], "has no title of its own")
        if not panel.get("description", "").endswith("."):
            yield Violation(panel["title"], "has no description in whole sentences")
    for title, times in Counter(panel["title"] for panel in board["panels"]).items():
        if times > 1:
            yield Violation(title, f"is the title of {times} panels")


def panel_units(board: Json) -> Iterator[Violation]:
    """Panels have a unit."""
    for panel in _panels(board):
        unit = panel["fieldConfig"]["defaults"].get("unit")
        if unit not in KNOWN_UNITS:
            yield Violation(panel["title"], f"has the unit {unit!r}")


def target_promql(board: Json) -> Iterator[Violation]:
    """Targets are PromQL, with variables that the dashboard has."""
    for panel, target in _targets(board):
        if isinstance(message := _parse(board, target["expr"]), str):
            yield Violation(panel["title"], message)


def target_rate_interval(board: Json) -> Iterator[Violation]:
    """Ranges are $__rate_interval."""
    for panel, target in _targets(board):
        for node in _nodes(board, target["expr"]):
            if isinstance(node, promql_parser.MatrixSelector) and node.range != RATE_INTERVAL:
                yield Violation(panel["title"], "takes another range than $__rate_interval")


def target_job(board: Json) -> Iterator[Violation]:
    """Targets filter by $job."""
    yield from _matches(board, "job")


def target_instance(board: Json) -> Iterator[Violation]:
    """Targets filter by $instance."""
    yield from _matches(board, "instance")


def target_counter_agg(board: Json) -> Iterator[Violation]:
    """Counters are queried with rate, irate or increase."""
    for panel, target in _targets(board):
        rated = {
            argument.vector_selector.name
            for node in _nodes(board, target["expr"])
            if isinstance(node, promql_parser.Call) and node.func.name in COUNTER_FUNCTIONS
            for argument in node.args
            if isinstance(argument, promql_parser.MatrixSelector)
        }
        for selector in _selectors(board, target["expr"]):
            if (selector.name or "").endswith(COUNTER_SUFFIXES) and selector.name not in rated:
                yield Violation(panel["title"], f"does not take a rate of the counter {selector.name}")


def target_legend(board: Json) -> Iterator[Violation]:
    """Series have a legend; a table has columns instead."""
    for panel, target in _targets(board):
        if panel["type"] != "table" and not target.get("legendFormat"):
            yield Violation(panel["title"], "has series without a name")


RULES: dict[str, Rule] = {
    "template-label-promql-rule": template_label_promql,
    "dashboard-description-rule": dashboard_description,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "target-promql-rule": target_promql,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_job,
    "target-instance-rule": target_instance,
    "target-counter-agg-rule": target_counter_agg,
    "target-legend-rule": target_legend,
}

RATE_INTERVAL = promql_parser.parse_duration("7m")
"""Stands for $__rate_interval, and is written nowhere else."""


def _query_variables(board: Json) -> list[Json]:
    return [variable for variable in board["templating"]["list"] if variable["type"] == "query"]


def _panels(board: Json) -> list[Any]:
    return [panel for panel in board["panels"] if panel["type"] not in WITHOUT_UNIT]


def _targets(board: Json) -> Iterator[tuple[Any, Any]]:
    for panel in _panels(board):
        for target in panel["targets"]:
            yield panel, target


def _parse(board: Json, expression: str) -> promql_parser.Expr | str:
    """The expression as a tree, or the error message."""
    own = {variable["name"]: "x" for variable in board["templating"]["list"]}
    try:
        return promql_parser.parse(fill(expression, own | {"__rate_interval": "7m"}))
    except KeyError as error:
        return f"there is no variable {error.args[0]}: {expression}"
    except ValueError as error:
        return f"{error}: {expression}"


def _nodes(board: Json, expression: str) -> list[Any]:
    nodes: list[Any] = []
    if not isinstance(tree := _parse(board, expression), str):
        promql_parser.walk(tree, nodes.append)
    return nodes


def _selectors(board: Json, expression: str) -> list[Any]:
    return [node for node in _nodes(board, expression) if isinstance(node, promql_parser.VectorSelector)]


def _matches(board: Json, label: str) -> Iterator[Violation]:
    for panel, target in _targets(board):
        # The placeholder contains the variable's name: no other value can match it.
        marked = target["expr"].replace(f"${label}", f"chosen {label}")
        for selector in _selectors(board, marked):
            matchers = {
                (matcher.name, str(matcher.op), matcher.value) for matcher in selector.matchers.matchers
            }
            if (label, str(promql_parser.MatchOp.Re), f"chosen {label}") not in matchers:
                yield Violation(panel["title"], f"does not filter by ${label}: {target['expr']}")
