import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, expect

CHARTS = "() => Array.from(document.querySelectorAll('canvas'), (chart) => chart.toDataURL())"


@pytest.fixture(autouse=True)
def stopped_afterwards(site) -> Iterator[None]:
    yield
    requests.post(f"{site.locust}/stop", auth=site.login, timeout=10)


def test_run_is_started_its_charts_move_and_it_is_stopped(page: Page, site) -> None:
    page.goto(site.locust)
    users, new = page.get_by_label("Number of users"), page.get_by_role("button", name="New")
    expect(users.or_(new)).to_be_visible()
    if new.is_visible():  # there was a run before
        new.click()
    users.fill("5")
    page.get_by_label("Ramp up").fill("5")
    page.get_by_role("button", name="Start").click()
    banner = page.locator("header")
    expect(banner).to_contain_text("running", ignore_case=True)
    expect(page.get_by_role("row", name="POST /predict").first).to_be_visible()

    page.get_by_role("tab", name="Charts").click()
    expect(page.locator("canvas").first).to_be_visible()
    before = page.evaluate(CHARTS)
    page.wait_for_function(f"(before) => ({CHARTS})().every((chart, i) => chart !== before[i])", arg=before)

    page.get_by_role("button", name="Stop").click()
    expect(banner).to_contain_text("stopped", ignore_case=True)
    expect(banner).to_contain_text(re.compile(r"Failures\s*0%"))
