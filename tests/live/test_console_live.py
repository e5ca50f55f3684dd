"""Prometheus serves the console page, and a browser draws its panels with live data."""

import re
import shutil
import time

import pytest
import requests
from chromium import environment
from local_site import Site
from playwright.sync_api import sync_playwright
from prometheus_api import Api
from query_results import BOARDS, MONITORING, QueryResults
from workshop_monitoring.board import Kind, Query
from workshop_monitoring.console import chosen
from workshop_monitoring.grafana import DEPLOYMENTS

EXPECTED = {panel.title: panel for board in BOARDS for panel in chosen(board)}

LINES = 20


@pytest.fixture(scope="module")
def page(site: Site) -> str:
    answer = requests.get(f"{site.prometheus}/consoles/index.html", auth=site.login, timeout=10)
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.text


@pytest.fixture(scope="module")
def drawn(site: Site, page: str, answers: QueryResults, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page in a browser, once it shows data."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("neither chromium nor google-chrome is installed here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu"],
            env=environment(tmp_path_factory.mktemp("home")),
        )
        window = browser.new_page()
        # fetch rejects URLs with a login; the page's own address may have one.
        address = site.prometheus.replace("://", "://" + ":".join(site.login) + "@")
        window.goto(f"{address}/consoles/index.html#range=900&refresh=1")
        deadline = time.monotonic() + 90
        dom = window.content()
        while (wrong_panels(dom) or lines(dom) < LINES) and time.monotonic() < deadline:
            window.wait_for_timeout(500)
            dom = window.content()
        browser.close()
    return dom


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


def test_hosts_of_the_site_can_be_chosen(drawn: str, api: Api) -> None:
    targets = api.get("targets", state="active")["activeTargets"]
    hosts = {target["labels"]["instance"].rpartition(":")[0] for target in targets}
    [choice] = re.findall(r'<select id="host">(.*?)</select>', drawn)
    assert set(re.findall(r'<option value="([^"]*)"', choice)) == {"", *hosts}
