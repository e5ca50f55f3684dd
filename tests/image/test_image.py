"""The image serves the HTTP contract, without privileges and without a writable root."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from ml_workshop.registry.publishing import push

from .conftest import Container, docker, load, readable

documentation = load("test_http_documentation")
test_the_server_answers_as_documented = load("test_openapi").test_the_server_answers_as_documented
test_a_command_has_the_documented_response = documentation.test_a_command_has_the_documented_response


def test_it_runs_without_root_and_writes_only_to_tmp(running: Container) -> None:
    assert docker("exec", running.id, "id", "-u").strip() == "10001"
    search = "find / -xdev -writable -type d 2>/dev/null || true"
    assert docker("exec", running.id, "sh", "-c", search).split() == ["/tmp"]  # noqa: S108 - its own


def test_it_has_neither_pip_nor_torch_nor_settings_of_the_build(running: Container) -> None:
    packages = docker("exec", running.id, "ls", "/opt/ml-workshop/lib/python3.11/site-packages").split()
    assert "flask" in packages
    assert not {"pip", "setuptools", "torch"} & set(packages)
    assert docker("exec", running.id, "sh", "-c", "ls /etc/pip.conf /build 2>/dev/null || true") == ""


def test_the_model_is_pulled_at_start(start: Callable[..., Container], trained: Path, tmp_path: Path) -> None:
    revision = push(trained, f"dir://{tmp_path}/registry", None)
    tmp_path.parent.chmod(0o755)
    readable(tmp_path)
    container = start(f"--volume={tmp_path}/registry:/registry:ro", "--env=MODEL_REPO=dir:///registry")
    container.wait_until_healthy()
    request = urllib.request.Request(
        f"http://127.0.0.1:{container.port}/predict",
        json.dumps({"text": "A delightful film"}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - the container's own port
        assert json.load(response)["model_revision"] == revision


def test_a_stop_is_graceful(start: Callable[..., Container], trained: Path) -> None:
    readable(trained)
    container = start(f"--volume={trained}:/model:ro", arguments=("--workers=1",))
    container.wait_until_healthy()
    docker("stop", "--time=20", container.id)
    assert container.state["ExitCode"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "There is no model at /model; mount a model directory there, or set MODEL_REPO."),
        (("--env=MODEL_REPO=dir:///nowhere",), "/nowhere"),
    ],
)
def test_a_container_without_a_model_explains_what_to_set(
    start: Callable[..., Container], options: tuple[str, ...], message: str
) -> None:
    container = start(*options)
    container.wait_for(lambda state: not state["Running"])
    assert container.state["ExitCode"] != 0
    assert message in container.read_text()
    assert "Traceback" not in container.read_text()
