"""Every page and every scraped port of a site requires a login."""

from urllib.parse import urlsplit

import pytest
import requests
from local_site import Site
from prometheus_api import Api


def test_pages_and_metrics_require_a_login(site: Site, api: Api) -> None:
    if not site.password:
        pytest.skip("the local site has no logins")
    targets = api.get("targets", state="active")["activeTargets"]
    urls = [target["scrapeUrl"] for target in targets if target["labels"]["job"] != "load_test"]
    urls = [url for url in urls if urlsplit(url).hostname != "localhost"]
    urls += [f"{site.prometheus}{path}" for path in ("/", "/metrics", "/consoles/index.html", "/-/ready")]
    urls += [f"{site.locust}{path}" for path in ("/", "/stats/requests", "/logs", "/swarm", "/assets/x")]
    assert len(urls) > 10
    for url in urls:
        for login in (None, ("admin", "wrong"), ("monitoring", site.password)):
            assert requests.get(url, auth=login, timeout=10).status_code == 401, (url, login)
