"""The site under test: that of --prometheus and --locust, or one of local processes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "monitoring")]

import requests  # noqa: E402
from local_site import Site, local_site  # noqa: E402
from prometheus_api import Api  # noqa: E402
from query_results import QueryResults, query_all, summary  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(
        "live", "the site whose Prometheus is queried; without these options one is started here"
    )
    group.addoption("--prometheus", metavar="URL", help="its Prometheus, for example http://HOST:9090")
    group.addoption("--locust", metavar="URL", help="its Locust with web UI, for example http://HOST:8089")
    group.addoption("--password-file", metavar="FILE", type=Path, help="holds the password of admin")


SUMMARY = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SUMMARY] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash[SUMMARY]:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    prometheus, locust = request.config.getoption("prometheus"), request.config.getoption("locust")
    if bool(prometheus) != bool(locust):
        pytest.exit("Give --prometheus and --locust, or none of them.", returncode=4)
    if prometheus:
        file = request.config.getoption("password_file")
        password = file.read_text().strip() if file else ""
        yield Site(prometheus.rstrip("/"), locust.rstrip("/"), password=password)
    else:
        with local_site(tmp_path_factory.mktemp("site")) as made:
            yield made


@pytest.fixture(scope="session")
def api(site: Site) -> Api:
    return Api(site.prometheus, site.login)


@pytest.fixture(scope="session")
def traffic(site: Site) -> Iterator[None]:
    """Two users of Locust, as long as the tests last."""
    users = {"user_count": 2, "spawn_rate": 2}
    requests.post(f"{site.locust}/swarm", data=users, auth=site.login, timeout=10).raise_for_status()
    yield
    requests.post(f"{site.locust}/stop", auth=site.login, timeout=10).raise_for_status()


@pytest.fixture(scope="session")
def answers(api: Api, traffic: None, request: pytest.FixtureRequest) -> QueryResults:
    found = query_all(api)
    request.config.stash[SUMMARY] = summary(found)
    return found
