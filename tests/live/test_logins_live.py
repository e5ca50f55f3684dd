"""Every page of a site requires a login; molecule/default/verify.yml checks the other ports."""

import pytest
import requests
from local_site import Site


def test_pages_require_a_login(site: Site) -> None:
    if not site.password:
        pytest.skip("the local site has no logins")
    urls = [f"{site.prometheus}{path}" for path in ("/", "/metrics", "/consoles/index.html", "/-/ready")]
    urls += [f"{site.locust}{path}" for path in ("/", "/stats/requests", "/logs", "/swarm", "/assets/x")]
    for url in urls:
        for login in (None, ("admin", "wrong"), ("monitoring", site.password)):
            assert requests.get(url, auth=login, timeout=10).status_code == 401, (url, login)
