"""Results of every query of every panel, and whether the panel can draw them."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_api import Api
from workshop_monitoring import gateway_dashboard, load_test_dashboard, model_dashboard, slo
from workshop_monitoring.board import Board, Kind, Query
from workshop_monitoring.dashboards import boards
from workshop_monitoring.settings import Alerting

MONITORING = Path(__file__).parents[2] / "monitoring"
BOARDS = boards(slo.load(MONITORING / "slo.yml"), Alerting.load(MONITORING / "alerting.yml"))

DEADLINE = 180
"""Seconds until every query must have data, after some scrapes and evaluations of rules."""


INVALID_REASONS = {
    load_test_dashboard.IDLE,
    model_dashboard.NO_BASELINE,
    gateway_dashboard.NO_SLOT_IN_USE,
    gateway_dashboard.NOT_IN_FRONT,
}
"""Reasons for missing data that these tests do not accept: Locust runs, a slot serves, the model is new."""


@dataclass(frozen=True)
class QueryResult:
    """Result of a query; `problem` is empty if the panel can draw it."""

    problem: str
    has_data: bool


QueryResults = dict[tuple[str, Query], QueryResult]
"""Results by the uid of the dashboard and the query."""


def query_all(api: Api) -> QueryResults:
    """Run each query until it has data, or until DEADLINE."""
    interval = api.scrape_interval()
    pending = {
        (board.uid, query): (board, panel)
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
    }
    found: QueryResults = {}
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        for (uid, query), (board, panel) in list(pending.items()):
            data = api.query(query, panel.kind, variables(board, interval), step=interval)
            found[uid, query] = QueryResult(problem(panel.kind, query, data), drawable(data))
            if found[uid, query].has_data and not found[uid, query].problem:
                del pending[uid, query]
        if all(not found[key].problem for key in pending):
            break
        time.sleep(1)
    return found


def summary(found: QueryResults) -> list[str]:
    """Return the number of panels and queries, and the queries without data."""
    panels = sum(len(board.panels) for board in BOARDS)
    with_data = sum(result.has_data for result in found.values())
    return [f"{panels} panels, {len(found)} queries, {with_data} with data"] + [
        f"  no data ({query.may_be_empty or 'unknown reason'}): {uid}: {query.expression}"
        for (uid, query), result in found.items()
        if not result.has_data
    ]


def variables(board: Board, scrape_interval: int) -> dict[str, str]:
    """Return the values of the variables when Grafana opens the dashboard."""
    chosen = {variable.name: variable.chosen or ".+" for variable in board.variables}
    return chosen | {"__rate_interval": f"{4 * scrape_interval}s"}


def problem(kind: Kind, query: Query, data: Any) -> str:
    """Return why a panel of this kind cannot draw these data; empty if it can, or if it may be empty."""
    expected = "vector" if kind is Kind.TABLE else "matrix"
    if data["resultType"] != expected:
        return f"a {data['resultType']} instead of a {expected}"
    if not data["result"]:
        return "" if query.may_be_empty and query.may_be_empty not in INVALID_REASONS else "no series"
    if not drawable(data):
        return "no finite value"
    if kind is Kind.HEATMAP:
        edges = {series["metric"].get("le") for series in data["result"]}
        if "+Inf" not in edges or len(edges) < 3:
            return f"no buckets of a histogram, but le {edges}"
    return ""


def drawable(data: Any) -> bool:
    """Return whether one of the samples is finite."""
    samples = [
        value
        for series in data["result"]
        for _time, value in (series["values"] if "values" in series else [series["value"]])
    ]
    return any(math.isfinite(float(value)) for value in samples)
