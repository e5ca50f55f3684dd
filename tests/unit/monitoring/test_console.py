"""The console page is self-contained, shows the dashboards' panels, and contains no Go template action."""

import json
import re
from pathlib import Path
from typing import Any

import generate
import pytest
from workshop_monitoring import console, slo
from workshop_monitoring.dashboards import boards
from workshop_monitoring.settings import Alerting

HERE = Path(generate.__file__).parent
BOARDS = boards(slo.load(HERE / "slo.yml"), Alerting.load(HERE / "alerting.yml"))
PAGE = (HERE / "consoles" / "index.html").read_text(encoding="utf-8")
SCRIPTS = {file.name: file.read_text(encoding="utf-8") for file in (HERE / "console_page").glob("*.js")}


def definition() -> Any:
    found = re.search(r'<script type="application/json" id="definition">(.*?)</script>', PAGE, re.DOTALL)
    assert found
    return json.loads(found[1])


SECTIONS = definition()["sections"]
PANELS = [(section["title"], panel) for section in SECTIONS for panel in section["panels"]]


def test_page_has_a_section_for_every_dashboard() -> None:
    assert [section["title"] for section in SECTIONS] == [board.title for board in BOARDS]


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_panel_has_the_queries_of_its_dashboard(board: str, panel: Any) -> None:
    [uid] = [known.uid for known in BOARDS if known.title == board]
    dashboard = json.loads((HERE / "dashboards" / f"{uid}.json").read_text())
    [same] = [known for known in dashboard["panels"] if known["title"] == panel["title"]]
    queries = [(query["expression"], query["legend"]) for query in panel["queries"]]
    assert queries == [(target["expr"], target.get("legendFormat", "")) for target in same["targets"]]
    assert (panel["kind"], panel["unit"]) == (same["type"], same["fieldConfig"]["defaults"]["unit"])


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_script_can_draw_the_panel(board: str, panel: Any) -> None:
    assert re.search(rf'\bDRAW = {{.*"?{panel["kind"]}"?: ', SCRIPTS["draw.js"])
    assert re.search(rf"^  {panel['unit']}: ", SCRIPTS["format.js"], re.MULTILINE)
    colors = {step["color"] for step in panel["steps"]} | {value["color"] for value in panel["values"]}
    colors |= {query["color"] for query in panel["queries"] if query["color"]}
    for color in colors:
        assert re.search(rf"\bCOLORS = {{[^}}]*\b{color}: ", SCRIPTS["draw.js"])


def test_deployments_are_marked_as_in_grafana() -> None:
    [mark] = json.loads((HERE / "dashboards" / "home.json").read_text())["annotations"]["list"]
    deployments = definition()["deployments"]
    assert deployments["expression"] == mark["expr"]
    assert deployments["legend"] == f"{mark['titleFormat']}: {mark['textFormat']}"


def test_page_fetches_only_from_prometheus() -> None:
    addresses = set(
        re.findall(r"https?://[^\"' ]+", re.sub(r"<script type=.*?</script>", "", PAGE, flags=re.S))
    )
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\bsrc=|@import|url\(", PAGE)
    assert re.findall(r"<link.*>", PAGE) == ['<link rel="icon" href="data:,">']
    assert re.findall(r"fetch\((.*)\)", PAGE) == [
        'prometheusUrl("../api/v1/" + path + "?" + new URLSearchParams(parameters))',
        "prometheusUrl(path)",
    ]


def test_page_contains_no_go_template_action() -> None:
    assert "{{" not in PAGE


def test_script_has_no_template_literals() -> None:
    """Go's html/template before 1.21 does not parse them: an apostrophe inside could start a string."""
    assert "`" not in "".join(SCRIPTS.values())


def test_double_braces_in_a_source_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in console.SOURCES.iterdir():
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "page.js").write_text("const nested = {{}};")
    monkeypatch.setattr(console, "SOURCES", tmp_path)
    with pytest.raises(ValueError, match="@SCRIPT@ of the console page has two braces in a row"):
        console.files(BOARDS)
