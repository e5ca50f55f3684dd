"""Dashboards are what their source says, and keep the rules of grafana/dashboard-linter (docs/rules)."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import generate
import pytest

DASHBOARDS = {
    file.stem: json.loads(file.read_text())
    for file in sorted((Path(generate.__file__).parent / "dashboards").glob("*.json"))
}


def panels() -> list[Any]:
    return [
        pytest.param(panel, id=f"{uid}-{panel['title']}")
        for uid, board in DASHBOARDS.items()
        for panel in board["panels"]
        if panel["type"] != "row"
    ]


def test_committed_files_are_what_their_source_makes() -> None:
    assert generate.drifted() == []


@pytest.mark.parametrize("change", ["edited", "deleted", "left over"])
def test_drift_is_noticed(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "HERE", tmp_path)
    (tmp_path / "dashboards").mkdir()
    for file, text in generate.generated().items():
        file.write_text(text)
    assert generate.drifted() == []
    inference = tmp_path / "dashboards" / "inference.json"
    match change:
        case "edited":
            inference.write_text(inference.read_text().replace("Request rate", "Rate of requests"))
        case "deleted":
            inference.unlink()
        case "left over":
            inference = inference.with_name("old.json")
            inference.write_text("{}")
    assert generate.drifted() == [inference]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_file_is_named_after_its_uid(uid: str) -> None:
    assert DASHBOARDS[uid]["uid"] == uid


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_dashboard_is_not_editable_and_says_what_it_is_for(uid: str) -> None:
    board = DASHBOARDS[uid]
    assert board["editable"] is False
    assert board["title"]
    assert board["description"].endswith(("?", "."))


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_data_source_job_and_instance_can_be_chosen(uid: str) -> None:
    variables = {variable["name"]: variable for variable in DASHBOARDS[uid]["templating"]["list"]}
    assert list(variables) == ["datasource", "job", "instance"]
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["datasource"]["label"] == "Data source"
    for name in ("job", "instance"):
        variable = variables[name]
        assert variable["query"].startswith("label_values("), name
        assert variable["datasource"]["uid"] == "${datasource}", name
        assert variable["multi"], name
        assert variable["allValue"] == ".+", name
        assert variable["refresh"] == 2, f"{name} must be refreshed when the time range changes"


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_panels_lie_within_the_grid_without_overlap(uid: str) -> None:
    boxes = [panel["gridPos"] for panel in DASHBOARDS[uid]["panels"]]
    assert all(box["x"] >= 0 and box["x"] + box["w"] <= 24 for box in boxes)
    for one, other in itertools.combinations(boxes, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_no_title_stands_twice(uid: str) -> None:
    titles = [panel["title"] for panel in DASHBOARDS[uid]["panels"]]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("panel", panels())
def test_panel_has_title_description_unit_and_data_source(panel: dict[str, Any]) -> None:
    assert panel["title"] not in ("", "Panel Title")
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["targets"]


@pytest.mark.parametrize("panel", panels())
def test_queries_follow_the_variables_and_take_rates_of_counters(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        expression = target["expr"]
        for selector in re.findall(r"\{[^}]*\}", expression):
            assert 'job=~"$job"' in selector
            assert 'instance=~"$instance"' in selector
        windows = re.findall(r"\[([^]]+)\]", expression)
        assert set(windows) <= {"$__rate_interval"}
        counters = re.findall(r"\w+_(?:total|count|sum|bucket)\b\{", expression)
        assert len(windows) == len(counters), "a counter without a rate, or a rate of something else"
        assert target["datasource"]["uid"] == "${datasource}"
        assert target["legendFormat"]


@pytest.mark.parametrize("panel", panels())
def test_targets_have_different_reference_ids(panel: dict[str, Any]) -> None:
    ids = [target["refId"] for target in panel["targets"]]
    assert len(ids) == len(set(ids))


def test_inference_shows_rate_duration_errors_and_load() -> None:
    expressions = {
        panel["title"]: " ".join(target["expr"] for target in panel["targets"])
        for panel in DASHBOARDS["inference"]["panels"]
    }
    assert "sum by (status) (rate(flask_http_request_duration_seconds_count" in expressions["Request rate"]
    for quantile in ("0.5", "0.95", "0.99"):
        assert f"histogram_quantile({quantile}, sum by (le) (rate(" in expressions["Latency"]
    assert 'status=~"5.."' in expressions["Error ratio"]
    assert "ml_workshop_requests_in_progress" in expressions["Requests in flight"]
