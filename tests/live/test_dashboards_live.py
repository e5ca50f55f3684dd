"""Every query of every panel runs on a real Prometheus, while Locust generates traffic on a real service."""

import time

import pytest
from prometheus_api import Api
from query_results import BOARDS, QueryResults, problem, variables
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
def test_panel_has_data_or_a_reason(board: Board, panel: Panel, answers: QueryResults) -> None:
    problems = {query.expression: answers[board.uid, query].problem for query in panel.queries}
    assert {expression: text for expression, text in problems.items() if text} == {}


@pytest.mark.parametrize(("board", "name"), VARIABLES)
def test_variable_offers_values(board: Board, name: str, api: Api, answers: QueryResults) -> None:
    built = grafana.build(board).templating.list_val
    query = next(variable.query for variable in built if variable.name == name)
    offered = api.values(query, variables(board, scrape_interval=15))
    chosen = next(variable.chosen for variable in board.variables if variable.name == name)
    assert offered
    assert not chosen or chosen in offered


def test_newest_deployment_is_marked_at_its_time(api: Api, answers: QueryResults) -> None:
    [newest, *_] = api.query(Query("", grafana.DEPLOYMENTS), Kind.GRAPH, {}, step=15)["result"]
    assert {"result", "release", "slot", "instance"} <= newest["metric"].keys()
    assert len(newest["metric"]["revision"]) == 12
    [milliseconds] = {value for _time, value in newest["values"]}
    assert 0 < time.time() - float(milliseconds) / 1000 < 40 * 86400


def test_idle_slot_is_no_target_that_is_down(api: Api, answers: QueryResults) -> None:
    scraped = api.get("query", query='up{job="inference"}')["result"]
    assert {target["metric"]["slot"]: target["value"][1] for target in scraped} == {"blue": "1", "green": "1"}
    models = api.get("query", query="count by (instance) (ml_workshop_model_info)")["result"]
    assert models
    assert all(model["value"][1] == "1" for model in models)


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
def test_result_that_cannot_be_drawn_is_noticed(
    kind: Kind, query: Query, reason: str, api: Api, answers: QueryResults
) -> None:
    found = problem(kind, query, api.query(query, kind, {}, step=15))
    assert found.startswith(reason)
    assert bool(found) == bool(reason)


def test_query_that_prometheus_refuses_is_noticed(api: Api) -> None:
    with pytest.raises(AssertionError, match="parse error"):
        api.query(Query("", "sum("), Kind.GRAPH, {}, step=15)
