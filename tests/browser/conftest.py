"""The site under test, given by --service and others or started on this machine, and a browser."""

import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, HttpCredentials, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "live"))

from chromium import environment  # noqa: E402
from local_site import local_site  # noqa: E402

ARTIFACTS = ROOT / "artifacts" / "browser"
PATIENCE_SECONDS = 60
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",  # root, as in CI, has none
)


@dataclass(frozen=True)
class Site:
    """Addresses of a site's services for a browser, and the password of admin."""

    service: str
    locust: str
    prometheus: str
    password: str = ""

    @property
    def login(self) -> tuple[str, str]:
        """Name and password for all pages."""
        return "admin", self.password


@dataclass(frozen=True)
class Grafana:
    """A Grafana and its administrator."""

    address: str
    password: str


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("site", "the site under test; without these options one is started here")
    for name, port in (("service", 8000), ("locust", 8089), ("prometheus", 9090), ("grafana", 3000)):
        group.addoption(f"--{name}", metavar="URL", help=f"for example http://127.0.0.1:{port}")
    group.addoption("--password-file", metavar="FILE", type=Path, help="holds the password of admin")


def password(request: pytest.FixtureRequest) -> str:
    file = request.config.getoption("password_file")
    return file.read_text().strip() if file else ""


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    given = [request.config.getoption(name) for name in ("service", "locust", "prometheus")]
    if all(given):
        yield Site(*given, password(request))
    elif any(given):
        pytest.exit("Give --service, --locust and --prometheus, or none of them.", returncode=4)
    else:
        with local_site(tmp_path_factory.mktemp("site")) as made:
            yield Site(made.service, made.locust, made.prometheus)


@pytest.fixture(scope="session")
def grafana(request: pytest.FixtureRequest) -> Grafana:
    address = request.config.getoption("grafana")
    if not address:
        pytest.skip("no --grafana given: the site has none where its image cannot be had")
    return Grafana(address, password(request))


@pytest.fixture(scope="session")
def scraped(site: Site) -> dict[str, list[str]]:
    """Addresses that Prometheus scrapes, by job."""
    return targets(site.prometheus, site.login)


def targets(prometheus: str, login: tuple[str, str]) -> dict[str, list[str]]:
    """Active targets of Prometheus; there are none in its first seconds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        parameters = {"state": "active"}
        answer = requests.get(f"{prometheus}/api/v1/targets", parameters, auth=login, timeout=10).json()
        found: dict[str, list[str]] = {}
        for target in answer["data"]["activeTargets"]:
            found.setdefault(target["labels"]["job"], []).append(target["scrapeUrl"])
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{prometheus} scrapes nothing.")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "There is no chromium or google-chrome here: 'apt-get install chromium' brings one."
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=list(FLAGS), env=environment(tmp_path_factory.mktemp("home"))
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Directory for pictures; git ignores it."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    return ARTIFACTS


@pytest.fixture
def page(browser: Browser, site: Site, artifacts: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A separate window; its content at the end of a test is kept as artifacts/browser/TEST.png."""
    name, password = site.login
    credentials: HttpCredentials = {"username": name, "password": password}
    context = browser.new_context(viewport={"width": 1300, "height": 1000}, http_credentials=credentials)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield page
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    page.screenshot(path=artifacts / f"{name}.png", full_page=True)
    context.close()


@pytest.fixture
def our_page(page: Page) -> Iterator[Page]:
    """A window for a page of ours: its scripts may not fail."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert not errors, f"Scripts of the page failed: {errors}"
