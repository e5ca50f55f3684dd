"""Every query of every panel is asked of a real Prometheus, while Locust makes traffic on a real service."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from local_site import Site
from prometheus_api import Api, complaint, drawable
from workshop_monitoring import grafana
from workshop_monitoring.board import Board, Kind, Panel, Query
from workshop_monitoring.dashboards import BOARDS

PANELS = [
    pytest.param(board, panel, id=f"{board.uid}-{panel.title}") for board in BOARDS for panel in board.panels
]
VARIABLES = [
    pytest.param(board, variable.name, id=f"{board.uid}-{variable.name}")
    for board in BOARDS
    for variable in board.variables
]

DEADLINE = 180
"""Seconds until every query must have data: the rules need some scrapes and evaluations."""


@dataclass(frozen=True)
class Answer:
    """What became of a query."""

    complaint: str
    has_data: bool


@pytest.fixture(scope="session")
def api(site: Site) -> Api:
    return Api(site.prometheus)


@pytest.fixture(scope="session")
def traffic(site: Site) -> Iterator[None]:
    """Two users of Locust, as long as the tests last."""
    requests.post(
        f"{site.locust}/swarm", data={"user_count": 2, "spawn_rate": 2}, timeout=10
    ).raise_for_status()
    yield
    requests.post(f"{site.locust}/stop", timeout=10).raise_for_status()


def variables(board: Board, scrape_interval: int) -> dict[str, str]:
    """Values as Grafana fills them in when the dashboard is opened."""
    chosen = {variable.name: variable.chosen or ".+" for variable in board.variables}
    return chosen | {"__rate_interval": f"{4 * scrape_interval}s"}


@pytest.fixture(scope="session")
def answers(api: Api, traffic: None, summary: list[str]) -> dict[tuple[str, Query], Answer]:
    """The answer to each query, asked until it is a good one or the time is over."""
    interval = api.scrape_interval()
    open_queries = {
        (board.uid, query): (board, panel)
        for board in BOARDS
        for panel in board.panels
        for query in panel.queries
    }
    found: dict[tuple[str, Query], Answer] = {}
    deadline = time.monotonic() + DEADLINE
    while open_queries and time.monotonic() < deadline:
        for (uid, query), (board, panel) in list(open_queries.items()):
            data = api.ask(query, panel.kind, variables(board, interval), step=interval)
            found[uid, query] = Answer(complaint(panel.kind, query, data), drawable(data))
            if found[uid, query].has_data and not found[uid, query].complaint:
                del open_queries[uid, query]
        if all(not found[key].complaint for key in open_queries):
            break
        time.sleep(1)
    with_data = sum(answer.has_data for answer in found.values())
    summary.append(f"{len(PANELS)} panels, {len(found)} queries, {with_data} with data")
    summary.extend(
        f"  no data, because {query.may_be_empty or 'of nothing known'}: {uid}: {query.expression}"
        for (uid, query), answer in found.items()
        if not answer.has_data
    )
    return found


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_panel_has_data_or_says_why_not(
    board: Board, panel: Panel, answers: dict[tuple[str, Query], Answer]
) -> None:
    complaints = {query.expression: answers[board.uid, query].complaint for query in panel.queries}
    assert {expression: text for expression, text in complaints.items() if text} == {}


@pytest.mark.parametrize(("board", "name"), VARIABLES)
def test_variable_offers_values(board: Board, name: str, api: Api, answers: object) -> None:
    built = grafana.build(board).templating.list_val
    query = next(variable.query for variable in built if variable.name == name)
    offered = api.values(query, variables(board, scrape_interval=15))
    chosen = next(variable.chosen for variable in board.variables if variable.name == name)
    assert offered
    assert not chosen or chosen in offered


def test_the_revision_that_is_served_is_marked(api: Api, answers: object) -> None:
    data = api.ask(Query("", grafana.NEW_REVISION), Kind.GRAPH, {}, step=15)
    assert data["resultType"] == "matrix"


@pytest.mark.parametrize(
    ("kind", "query", "reason"),
    [
        (Kind.GRAPH, Query("", "no_such_metric"), "no series"),
        (Kind.TABLE, Query("", "no_such_metric"), "no series"),
        (Kind.GRAPH, Query("", "no_such_metric", may_be_empty="it does not exist"), ""),
        (Kind.GRAPH, Query("", "up * NaN"), "no finite value"),
        (Kind.TABLE, Query("", "1"), "a scalar instead of a vector"),
        (Kind.HEATMAP, Query("", "up"), "no buckets of a histogram"),
    ],
)
def test_an_answer_that_cannot_be_drawn_is_noticed(
    kind: Kind, query: Query, reason: str, api: Api, answers: object
) -> None:
    said = complaint(kind, query, api.ask(query, kind, {}, step=15))
    assert said.startswith(reason)
    assert bool(said) == bool(reason)


def test_a_query_that_prometheus_refuses_is_noticed(api: Api) -> None:
    with pytest.raises(AssertionError, match="parse error"):
        api.ask(Query("", "sum("), Kind.GRAPH, {}, step=15)
