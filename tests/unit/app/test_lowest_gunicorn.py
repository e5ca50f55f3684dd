"""The lowest Gunicorn that pyproject.toml allows really runs the server."""

import contextlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from server_process import Server, predict

pytestmark = pytest.mark.slow

APP = Path(__file__).parents[3] / "app"


@pytest.fixture(scope="module")
def lowest(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The version, and a directory with it."""
    project = tomllib.loads((APP / "pyproject.toml").read_text())["project"]
    (version,) = re.findall(r"gunicorn>=([\d.]+)", " ".join(project["optional-dependencies"]["serve"]))
    directory = tmp_path_factory.mktemp("lowest")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"),
            *("--retries", "1", "--timeout", "15", "--target", directory, f"gunicorn=={version}"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"pip cannot install gunicorn {version}: {done.stderr.strip().splitlines()[-1]}")
    return version, directory


def test_the_server_runs_on_it(start: Callable[..., Server], model: Path, lowest: tuple[str, Path]) -> None:
    version, directory = lowest
    path = f"{directory}:{APP / 'src'}"
    server = start(model, "--workers", 2, "--max-body-bytes", 65_536, PYTHONPATH=path)
    server.wait_until_ready(workers=2)
    assert f"Starting gunicorn {version}" in server.log.read_text()
    assert server.predict()["label"] == "positive"
    with contextlib.closing(server.connect()) as connection:
        for _ in range(150):
            predict(connection)
        connection.request(
            "POST", "/predict", iter([b'{"text": "', b"a" * 70_000, b'"}']), encode_chunked=True
        )
        assert connection.getresponse().read()
    with contextlib.closing(server.socket()) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n" * 30)
        received = b""
        while received.count(b'"live"') < 30:
            data = connection.recv(65_536)
            assert data, received
            received += data
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert sum(line.get("route") == "/health/live" for line in lines) == 30
