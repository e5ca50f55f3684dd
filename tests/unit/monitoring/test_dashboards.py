"""Generated files match their sources; dashboards are readable in Grafana."""

import json
import re
from pathlib import Path
from typing import Any

import generate
import pytest

HERE = Path(generate.__file__).parent
DASHBOARDS = {file.stem: json.loads(file.read_text()) for file in (HERE / "dashboards").glob("*.json")}


def graphs(uid: str) -> list[Any]:
    return [panel for panel in DASHBOARDS[uid]["panels"] if panel["type"] == "timeseries"]


def panel(uid: str, title: str) -> Any:
    return next(panel for panel in DASHBOARDS[uid]["panels"] if panel["title"] == title)


def test_generated_files_are_current() -> None:
    assert generate.drifted() == []


@pytest.mark.parametrize("change", ["edited", "deleted", "left over"])
def test_drift_is_detected(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "HERE", tmp_path)
    generate.write()
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
    generate.write()
    assert generate.drifted() == []


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_file_is_named_after_its_uid(uid: str) -> None:
    assert DASHBOARDS[uid]["uid"] == uid


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_dashboards_link_to_each_other_and_keep_the_time(uid: str) -> None:
    [link] = DASHBOARDS[uid]["links"]
    assert (link["type"], link["tags"], link["keepTime"]) == ("dashboards", ["ml-workshop"], True)
    assert DASHBOARDS[uid]["tags"] == ["ml-workshop"]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_links_to_dashboards_resolve(uid: str) -> None:
    linked = set(re.findall(r'"/d/([a-z-]+)', json.dumps(DASHBOARDS[uid])))
    assert linked <= set(DASHBOARDS)


def test_alerts_link_to_existing_dashboards() -> None:
    rules = "".join(file.read_text() for file in (HERE / "rules").glob("*.yml"))
    linked = set(re.findall(r"/d/([a-z-]+)", rules))
    assert linked
    assert linked <= set(DASHBOARDS)


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_links_contain_no_host(uid: str) -> None:
    urls = [link["url"] for panel in DASHBOARDS[uid]["panels"] for link in panel.get("links") or ()]
    assert all(url.startswith(("/d/", "https://")) for url in urls)
    assert "localhost" not in json.dumps(DASHBOARDS[uid])


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_deployments_are_annotated_at_their_time(uid: str) -> None:
    [mark] = DASHBOARDS[uid]["annotations"]["list"]
    assert "ml_workshop_deployment_timestamp_seconds * 1000" in mark["expr"]
    assert mark["useValueForTime"]
    shown = re.findall("{{(.*?)}}", mark["titleFormat"] + mark["textFormat"])
    assert shown == ["result", "release", "revision", "slot", "instance"]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_stats_have_thresholds(uid: str) -> None:
    """Without thresholds Grafana colours every number of 80 and more red."""
    stats = [panel for panel in DASHBOARDS[uid]["panels"] if panel["type"] == "stat"]
    for stat in stats:
        assert stat["fieldConfig"]["defaults"]["thresholds"]["steps"], stat["title"]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_legends_of_many_lines_are_lists(uid: str) -> None:
    for graph in graphs(uid):
        expected = "list" if len(graph["targets"]) > 2 else "table"
        assert graph["options"]["legend"]["displayMode"] == expected, graph["title"]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_threshold_lines_are_inside_the_axis(uid: str) -> None:
    for graph in graphs(uid):
        defaults = graph["fieldConfig"]["defaults"]
        highest = max(
            (step["value"] or 0 for step in defaults.get("thresholds", {}).get("steps", ())), default=0
        )
        top = defaults.get("max") or defaults["custom"].get("axisSoftMax") or 0
        assert highest == 0 or highest <= top, graph["title"]


@pytest.mark.parametrize("uid", DASHBOARDS)
def test_errors_are_red_and_baselines_dashed(uid: str) -> None:
    for graph in graphs(uid):
        styles = {
            override["matcher"]["options"]: {item["id"]: item["value"] for item in override["properties"]}
            for override in graph["fieldConfig"].get("overrides", ())
        }
        for target in graph["targets"]:
            legend, style = target["legendFormat"], styles.get(target["refId"], {})
            if legend in ("4xx", "5xx"):
                assert style["color"]["fixedColor"] == {"4xx": "orange", "5xx": "red"}[legend], graph["title"]
            if "baseline" in legend or "allowed" in legend:
                assert style["custom.lineStyle"]["fill"] == "dash", graph["title"]


def test_empty_panels_show_the_reason() -> None:
    assert (
        panel("home", "Firing alerts")["fieldConfig"]["defaults"]["noValue"]
        == "No data, because no alert fires."
    )
    assert "noValue" not in panel("inference", "Request rate")["fieldConfig"]["defaults"]
    # Its baseline may be missing, its measured share may not.
    assert "noValue" not in panel("model", "Class share")["fieldConfig"]["defaults"]


@pytest.mark.parametrize(("uid", "title"), [("home", "Firing alerts"), ("model", "Model served")])
def test_table_columns_are_the_labels_of_the_query(uid: str, title: str) -> None:
    table = panel(uid, title)
    order = table["transformations"][0]["options"]["indexByName"]
    assert f"by ({', '.join(sorted(order, key=order.__getitem__))})" in table["targets"][0]["expr"]
