"""The option --image, a trained model, and containers of the image."""

import importlib.util
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

APP_TESTS = Path(__file__).parents[1] / "unit" / "app"


def load(name: str) -> ModuleType:
    """Import a file of the application's tests."""
    spec = importlib.util.spec_from_file_location(f"app_{name}", APP_TESTS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


trained = load("conftest").trained


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--image", required=True, help="image to test, name:tag")


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--image"))


class Container:
    """A container of the image, with a root file system that cannot be written."""

    def __init__(self, image: str, options: tuple[str, ...], arguments: tuple[str, ...]) -> None:
        command = ["docker", "run", "--detach", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL"]
        command += [
            "--security-opt=no-new-privileges",
            "--publish=127.0.0.1::8000",
            *options,
            image,
            *arguments,
        ]
        self.id = docker(*command[1:]).strip()

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(docker("inspect", "--format={{json .State}}", self.id))
        return state

    @property
    def port(self) -> int:
        return int(docker("port", self.id, "8000/tcp").strip().rsplit(":", 1)[1])

    @property
    def log(self) -> "Container":
        return self

    def read_text(self) -> str:
        run = subprocess.run(["docker", "logs", self.id], capture_output=True, text=True, check=True)
        return run.stdout + run.stderr

    def wait_for(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition(self.state):
            assert time.monotonic() < deadline, f"{self.state}\n{self.read_text()}"
            time.sleep(0.1)

    def wait_until_healthy(self) -> None:
        self.wait_for(lambda state: not state["Running"] or state["Health"]["Status"] == "healthy")
        assert self.state["Running"], self.read_text()


def docker(*arguments: str) -> str:
    run = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="session")
def start(image: str) -> Iterator[Callable[..., Container]]:
    """Start containers; they are removed at the end."""
    containers = []

    def run(*options: str, arguments: tuple[str, ...] = ()) -> Container:
        containers.append(Container(image, options, arguments))
        return containers[-1]

    yield run
    for container in containers:
        docker("rm", "--force", "--volumes", container.id)


@pytest.fixture(scope="session")
def running(start: Callable[..., Container], trained: Path) -> Container:
    """The image with a mounted model, and the limits that the tests of the HTTP contract are written for."""
    limits = ("--timeout=2", "--max-body-bytes=65536", "--max-texts=8", "--max-text-characters=5000")
    readable(trained)
    container = start(f"--volume={trained}:/model:ro", arguments=("--workers=2", *limits))
    container.wait_until_healthy()
    return container


def readable(directory: Path) -> None:
    """Let the container's user read a directory."""
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
