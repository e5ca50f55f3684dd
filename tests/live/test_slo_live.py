"""The availability objective, as Prometheus computes it while no slot is up."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from local_gateway import set_state
from local_site import Site
from prometheus_api import Api

DEADLINE_SECONDS = 60


def wait_for(api: Api, expression: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not api.get("query", query=expression)["result"]:
        assert time.monotonic() < deadline, f"{expression} has no sample"
        time.sleep(0.5)


def predict(site: Site) -> int:
    return requests.post(f"{site.service}/predict", json={"text": "A fine film."}, timeout=20).status_code


@pytest.mark.usefixtures("traffic")
def test_requests_without_a_slot_spend_the_error_budget(site: Site, api: Api) -> None:
    if site.directory is None:
        pytest.skip("the slots of another site stay as they are")
    ratio = 'slo:sli_error:ratio_rate5m{sloth_slo="availability"}'
    left = 'slo:period_error_budget_remaining:ratio{sloth_slo="availability"}'
    wait_for(api, f"{ratio} == 0")
    wait_for(api, f"{left} == 1")
    set_state(site.directory, "blue", "maint")
    try:
        with ThreadPoolExecutor(20) as clients:
            assert set(clients.map(predict, [site] * 20)) == {503}
        wait_for(api, f"{ratio} > 0.1")
        wait_for(api, f"{left} < 0")
    finally:
        set_state(site.directory, "blue", "ready")
