"""Prometheus serves the console page, and a browser draws its panels from what Prometheus answers."""

import re
import shutil
import subprocess
import time

import pytest
import requests
from answers import BOARDS, MONITORING, Answers
from local_site import Site
from prometheus_api import Api
from workshop_monitoring.board import Kind, Query
from workshop_monitoring.console import chosen
from workshop_monitoring.grafana import DEPLOYMENTS

EXPECTED = {panel.title: panel for board in BOARDS for panel in chosen(board)}

LINES = 20


@pytest.fixture(scope="module")
def page(site: Site) -> str:
    answer = requests.get(f"{site.prometheus}/consoles/index.html", timeout=10)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.text


@pytest.fixture(scope="module")
def drawn(site: Site, page: str, answers: Answers, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page in a browser, reloaded until it shows data."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("neither chromium nor google-chrome is installed here")
    deadline = time.monotonic() + 90
    while True:
        dom = dump(browser, f"{site.prometheus}/consoles/index.html#range=900&refresh=0", tmp_path_factory)
        if (not wrong_panels(dom) and lines(dom) >= LINES) or time.monotonic() > deadline:
            return dom


def dump(browser: str, address: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The document after its scripts have run."""
    return subprocess.run(
        [
            *(
                browser,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--window-size=1300,900",
            ),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *(f"--user-data-dir={tmp_path_factory.mktemp('browser')}", "--virtual-time-budget=8000"),
            *("--dump-dom", address),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout


def lines(dom: str) -> int:
    """Number of series with a line between at least two points."""
    return len(re.findall(r'<path class="series"[^>]* d="M[^"]*L', dom))


def wrong_panels(dom: str) -> dict[str, str]:
    """State of the panels that are not as they should be."""
    found = dict.fromkeys(EXPECTED, "missing")
    found |= dict(re.findall(r'data-panel="([^"]+)" data-state="([^"]+)"', dom))
    return {
        title: state
        for title, state in found.items()
        if state != "drawn" and not (state == "empty" and EXPECTED[title].may_be_empty)
    }


def test_go_changes_nothing_but_comments(page: str) -> None:
    committed = (MONITORING / "consoles" / "index.html").read_text(encoding="utf-8")
    assert without_comments(page) == without_comments(committed)


def without_comments(text: str) -> str:
    return re.sub(r"\s*(?<!:)//[^\n]*|\s+$", "", text, flags=re.MULTILINE)


def test_panel_is_drawn_or_shows_why_not(drawn: str) -> None:
    assert wrong_panels(drawn) == {}


def test_panel_without_data_shows_the_reason(drawn: str) -> None:
    assert drawn.count('data-state="empty"') == drawn.count(">No data, because ")


def test_lines_are_drawn(drawn: str) -> None:
    assert lines(drawn) >= LINES


def test_deployments_are_marked(drawn: str, api: Api) -> None:
    found = api.query(Query("", DEPLOYMENTS), Kind.GRAPH, {}, step=15)["result"]
    recent = [series for series in found if time.time() - float(series["values"][0][1]) / 1000 < 600]
    assert bool(recent) <= ('class="deployment"' in drawn)


def test_hosts_of_the_site_can_be_chosen(drawn: str, site: Site) -> None:
    targets = requests.get(f"{site.prometheus}/api/v1/targets?state=active", timeout=10).json()["data"]
    hosts = {target["labels"]["instance"].rpartition(":")[0] for target in targets["activeTargets"]}
    [choice] = re.findall(r'<select id="host">(.*?)</select>', drawn)
    assert set(re.findall(r'<option value="([^"]*)"', choice)) == {"", *hosts}
