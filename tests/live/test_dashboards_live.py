"""Every query of every panel is asked of a real Prometheus, while Locust makes traffic on a real service."""

import pytest
from answers import BOARDS, Answers, complaint, variables
from prometheus_api import Api
from workshop_monitoring import grafana, load_test_dashboard
from workshop_monitoring.board import Board, Kind, Panel, Query

PANELS = [
    pytest.param(board, panel, id=f"{board.uid}-{panel.title}") for board in BOARDS for panel in board.panels
]
VARIABLES = [
    pytest.param(board, variable.name, id=f"{board.uid}-{variable.name}")
    for board in BOARDS
    for variable in board.variables
]


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_panel_has_data_or_says_why_not(board: Board, panel: Panel, answers: Answers) -> None:
    complaints = {query.expression: answers[board.uid, query].complaint for query in panel.queries}
    assert {expression: text for expression, text in complaints.items() if text} == {}


@pytest.mark.parametrize(("board", "name"), VARIABLES)
def test_variable_offers_values(board: Board, name: str, api: Api, answers: Answers) -> None:
    built = grafana.build(board).templating.list_val
    query = next(variable.query for variable in built if variable.name == name)
    offered = api.values(query, variables(board, scrape_interval=15))
    chosen = next(variable.chosen for variable in board.variables if variable.name == name)
    assert offered
    assert not chosen or chosen in offered


def test_the_revision_that_is_served_is_marked(api: Api, answers: Answers) -> None:
    data = api.ask(Query("", grafana.NEW_REVISION), Kind.GRAPH, {}, step=15)
    assert data["resultType"] == "matrix"


@pytest.mark.parametrize(
    ("kind", "query", "reason"),
    [
        (Kind.GRAPH, Query("", "no_such_metric"), "no series"),
        (Kind.TABLE, Query("", "no_such_metric"), "no series"),
        (Kind.GRAPH, Query("", "no_such_metric", may_be_empty="it does not exist"), ""),
        (Kind.GRAPH, Query("", "no_such_metric", load_test_dashboard.IDLE), "no series"),
        (Kind.GRAPH, Query("", "up * NaN"), "no finite value"),
        (Kind.TABLE, Query("", "1"), "a scalar instead of a vector"),
        (Kind.HEATMAP, Query("", "up"), "no buckets of a histogram"),
    ],
)
def test_an_answer_that_cannot_be_drawn_is_noticed(
    kind: Kind, query: Query, reason: str, api: Api, answers: Answers
) -> None:
    said = complaint(kind, query, api.ask(query, kind, {}, step=15))
    assert said.startswith(reason)
    assert bool(said) == bool(reason)


def test_a_query_that_prometheus_refuses_is_noticed(api: Api) -> None:
    with pytest.raises(AssertionError, match="parse error"):
        api.ask(Query("", "sum("), Kind.GRAPH, {}, step=15)
