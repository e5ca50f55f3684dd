"""Grafana's own names for what is on its pages: packages/grafana-e2e-selectors in its repository."""

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def logged_in(page: Page, grafana) -> Page:
    page.goto(f"{grafana.address}/login")
    page.get_by_test_id("data-testid Username input field").fill("admin")
    page.get_by_test_id("data-testid Password input field").fill(grafana.password)
    page.get_by_test_id("data-testid Login button").click()
    page.wait_for_url(lambda url: "/login" not in url)
    return page


def test_every_dashboard_opens_without_a_panel_error(logged_in: Page, grafana, artifacts) -> None:
    page = logged_in
    page.set_viewport_size({"width": 1600, "height": 4000})  # panels out of sight are not drawn
    found = page.request.get(f"{grafana.address}/api/search?type=dash-db").json()
    assert found
    for uid in (dashboard["uid"] for dashboard in found):
        dashboard = page.request.get(f"{grafana.address}/api/dashboards/uid/{uid}").json()["dashboard"]
        page.goto(f"{grafana.address}/d/{uid}?kiosk")
        for title in panel_titles(dashboard["panels"]):
            expect(page.get_by_test_id(f"data-testid Panel header {title}").first).to_be_visible()
        expect(page.get_by_label("Panel loading bar")).to_have_count(0)
        expect(page.get_by_test_id("data-testid Panel status error")).to_have_count(0)
        page.screenshot(path=artifacts / f"grafana-{uid}.png")


def panel_titles(panels: list[dict]) -> list[str]:
    return [panel["title"] for panel in panels if panel["type"] != "row"]
