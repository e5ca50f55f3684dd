import re

import pytest
from playwright.sync_api import Page, expect

UP, NOT_UP = re.compile(r"^\s*up\s*$", re.IGNORECASE), re.compile(r"^\s*(down|unknown)\s*$", re.IGNORECASE)
LINES = 'path.series[d*="L"]'
CUT_TABLES = """() => Array.from(document.querySelectorAll('.wide'))
  .filter((table) => table.scrollWidth > table.clientWidth).map((table) => table.innerText)"""
COVERED_NAMES = """() => Array.from(document.querySelectorAll('svg .name')).filter((name) => {
  const box = name.getBBox();
  return Array.from(name.parentNode.querySelectorAll('rect')).some((bar) =>
    box.y + box.height > bar.y.baseVal.value && box.y < bar.y.baseVal.value + bar.height.baseVal.value);
}).map((name) => name.textContent)"""


def test_every_target_is_shown_as_up(page: Page, site, scraped: dict[str, list[str]]) -> None:
    assert {"inference", "locust", "node_exporter", "prometheus"} <= set(scraped)
    page.goto(site.prometheus)  # Debian's package of Prometheus 2 leads to its classic pages
    classic = "/classic" if "/classic/" in page.url else ""
    page.goto(f"{site.prometheus}{classic}/targets")
    for job in scraped:
        expect(page.get_by_text(re.compile(rf"^{job}\b")).first).to_be_visible()
    idle = len(scraped.get("load_test", []))  # up only while a load test runs
    expect(page.get_by_text(UP)).to_have_count(sum(map(len, scraped.values())) - idle)
    expect(page.get_by_text(NOT_UP)).to_have_count(idle)


def test_console_page_draws_lines(our_page: Page, site) -> None:
    our_page.goto(f"{site.prometheus}/consoles/index.html#range=900&refresh=5")
    expect(our_page.locator(LINES).nth(9)).to_be_attached()
    expect(our_page.locator('[data-state="failed"]')).to_have_count(0)
    expect(our_page.locator('[data-state="waiting"]')).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 390])
def test_console_page_fits_the_window(our_page: Page, site, width: int) -> None:
    our_page.set_viewport_size({"width": width, "height": 900})
    our_page.goto(f"{site.prometheus}/consoles/index.html#range=900")
    expect(our_page.locator("svg .name").first).to_be_attached()
    expect(our_page.locator('[data-state="waiting"]')).to_have_count(0)
    assert our_page.evaluate("document.documentElement.scrollWidth") <= width
    assert our_page.evaluate(COVERED_NAMES) == []
    assert our_page.evaluate(CUT_TABLES) == []
