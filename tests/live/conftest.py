"""The site to ask: the one of --prometheus and --locust, or one of processes of this machine."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "monitoring")]

from local_site import Site, local_site  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(
        "live", "the site whose Prometheus is asked; without these options one is started here"
    )
    group.addoption("--prometheus", metavar="URL", help="its Prometheus, for example http://HOST:9090")
    group.addoption("--locust", metavar="URL", help="its Locust with web UI, for example http://HOST:8089")


SUMMARY = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SUMMARY] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash[SUMMARY]:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def summary(request: pytest.FixtureRequest) -> list[str]:
    """Lines that are printed at the end."""
    return request.config.stash[SUMMARY]


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    prometheus, locust = request.config.getoption("prometheus"), request.config.getoption("locust")
    if bool(prometheus) != bool(locust):
        pytest.exit("Give --prometheus and --locust, or none of them.", returncode=4)
    if prometheus:
        yield Site(prometheus.rstrip("/"), locust.rstrip("/"))
    else:
        with local_site(tmp_path_factory.mktemp("site")) as made:
            yield made
