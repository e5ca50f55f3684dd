"""What a Prometheus answers to every query of every panel, and whether the panel can draw it."""

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
"""Seconds until every query must have data: the rules need some scrapes and evaluations."""


RULED_OUT = {
    load_test_dashboard.IDLE,
    model_dashboard.NO_BASELINE,
    gateway_dashboard.NO_SLOT_IN_USE,
    gateway_dashboard.NOT_IN_FRONT,
}
"""Reasons to have no data that do not hold here: Locust runs, a slot serves, the model is of this version."""


@dataclass(frozen=True)
class Answer:
    """What became of a query."""

    complaint: str
    has_data: bool


Answers = dict[tuple[str, Query], Answer]
"""By uid of the dashboard and query."""


def ask_all(api: Api) -> Answers:
    """The answer to each query, repeated until it is complete or the time is over."""
    interval = api.scrape_interval()
    waiting = {
        (board.uid, query): (board, panel)
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
    }
    found: Answers = {}
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        for (uid, query), (board, panel) in list(waiting.items()):
            data = api.query(query, panel.kind, variables(board, interval), step=interval)
            found[uid, query] = Answer(complaint(panel.kind, query, data), drawable(data))
            if found[uid, query].has_data and not found[uid, query].complaint:
                del waiting[uid, query]
        if all(not found[key].complaint for key in waiting):
            break
        time.sleep(1)
    return found


def summary(found: Answers) -> list[str]:
    """How many there are, and which have no data, as lines."""
    panels = sum(len(board.panels) for board in BOARDS)
    with_data = sum(answer.has_data for answer in found.values())
    return [f"{panels} panels, {len(found)} queries, {with_data} with data"] + [
        f"  no data, because {query.may_be_empty or 'of nothing known'}: {uid}: {query.expression}"
        for (uid, query), answer in found.items()
        if not answer.has_data
    ]


def variables(board: Board, scrape_interval: int) -> dict[str, str]:
    """Values as Grafana fills them in when the dashboard is opened."""
    chosen = {variable.name: variable.chosen or ".+" for variable in board.variables}
    return chosen | {"__rate_interval": f"{4 * scrape_interval}s"}


def complaint(kind: Kind, query: Query, data: Any) -> str:
    """Why a panel of this kind cannot draw this answer; empty when it can, or when it may be empty."""
    expected = "vector" if kind is Kind.TABLE else "matrix"
    if data["resultType"] != expected:
        return f"a {data['resultType']} instead of a {expected}"
    if not data["result"]:
        return "" if query.may_be_empty and query.may_be_empty not in RULED_OUT else "no series"
    if not drawable(data):
        return "no finite value"
    if kind is Kind.HEATMAP:
        edges = {series["metric"].get("le") for series in data["result"]}
        if "+Inf" not in edges or len(edges) < 3:
            return f"no buckets of a histogram, but le {edges}"
    return ""


def drawable(data: Any) -> bool:
    """Whether there is a finite value among the samples."""
    samples = [
        value
        for series in data["result"]
        for _time, value in (series["values"] if "values" in series else [series["value"]])
    ]
    return any(math.isfinite(float(value)) for value in samples)
