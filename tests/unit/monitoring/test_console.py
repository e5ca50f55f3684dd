"""The console page holds all it needs, shows what the dashboards show, and survives Go's templates."""

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


def test_there_is_something_of_every_dashboard() -> None:
    assert [section["title"] for section in SECTIONS] == [board.title for board in BOARDS]


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_panel_asks_what_its_dashboard_asks(board: str, panel: Any) -> None:
    [uid] = [known.uid for known in BOARDS if known.title == board]
    dashboard = json.loads((HERE / "dashboards" / f"{uid}.json").read_text())
    [same] = [known for known in dashboard["panels"] if known["title"] == panel["title"]]
    asked = [(query["expression"], query["legend"]) for query in panel["queries"]]
    assert asked == [(target["expr"], target.get("legendFormat", "")) for target in same["targets"]]
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
    asked = definition()["deployments"]
    assert asked["expression"] == mark["expr"]
    assert asked["legend"] == f"{mark['titleFormat']}: {mark['textFormat']}"


def test_page_fetches_nothing_but_what_prometheus_answers() -> None:
    addresses = set(
        re.findall(r"https?://[^\"' ]+", re.sub(r"<script type=.*?</script>", "", PAGE, flags=re.S))
    )
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\bsrc=|@import|url\(", PAGE)
    assert re.findall(r"<link.*>", PAGE) == ['<link rel="icon" href="data:,">']
    assert re.findall(r"fetch\((.*?) \+", PAGE) == ['"../api/v1/"']


def test_go_finds_no_action_in_it() -> None:
    assert "{{" not in PAGE


def test_script_has_no_template_literals() -> None:
    """Go's html/template before 1.21 does not know them, and could take an apostrophe within for a string."""
    assert "`" not in "".join(SCRIPTS.values())


def test_braces_that_go_would_expand_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in console.SOURCES.iterdir():
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "page.js").write_text("const nested = {{}};")
    monkeypatch.setattr(console, "SOURCES", tmp_path)
    with pytest.raises(ValueError, match="@SCRIPT@ of the console page has two braces in a row"):
        console.files(BOARDS)
