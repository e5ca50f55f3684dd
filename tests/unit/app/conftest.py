"""Fixtures: a small model, clients, servers and the command."""

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from flask.testing import FlaskClient

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from server_process import Server, free_port, serve  # noqa: E402

Command = Callable[..., subprocess.CompletedProcess[str]]

# No test may reach a real hub; tests that need one start fake_hub.py.
os.environ["HF_HUB_OFFLINE"] = "1"
for name in ("HF_TOKEN", "HF_TOKEN_PATH", "CREDENTIALS_DIRECTORY", "LOCUST_REVIEWS"):
    os.environ.pop(name, None)

# prometheus_client decides when it is first imported whether processes share metrics.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = "set-by-each-test"
import prometheus_client  # noqa: E402, F401

del os.environ["PROMETHEUS_MULTIPROC_DIR"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the sample, shared by all processes of this run: copy it before changing it."""
    from in_memory import load_dataset
    from ml_workshop.training.pipeline import train
    from ml_workshop.training.recipe import Recipe

    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    directory = root / "trained" / "model"
    with FileLock(root / "trained.lock"):
        if not directory.exists():
            train(load_dataset("sample"), Recipe(), directory)
    return directory


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key pairs NAME.key and NAME.pub: model and other (of elliptic curves), rsa."""
    directory = tmp_path_factory.mktemp("keys")
    curve = ["ecparam", "-genkey", "-name", "prime256v1", "-noout"]
    for name, make in (("model", curve), ("other", curve), ("rsa", ["genrsa"])):
        key = directory / f"{name}.key"
        for command in (
            [*make, "-out", key],
            ["pkey", "-in", key, "-pubout", "-out", key.with_suffix(".pub")],
        ):
            subprocess.run(["openssl", *command], check=True, capture_output=True)
    return directory


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> Path:
    """A copy of the model that a test may damage."""
    return Path(shutil.copytree(trained, tmp_path / "model"))


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run `ml-workshop` in a separate process."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        home = {"HOME": str(tmp_path), "HF_HOME": str(tmp_path / "hf")}
        return subprocess.run(
            [sys.executable, "-m", "ml_workshop", *map(str, arguments)],
            env={**os.environ, **home, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture(scope="session")
def metrics_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Metrics of this process; prometheus_client takes one directory per process."""
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture(scope="module")
def make_client(trained: Path, metrics_directory: Path) -> Iterator[Callable[..., FlaskClient]]:
    """Return a function that creates a client of an application with options and limits."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PROMETHEUS_MULTIPROC_DIR", str(metrics_directory))
        from ml_workshop.model.loading import load_model
        from ml_workshop.serving.app import create_app
        from ml_workshop.serving.bodies import Limits

        def make(name: str = "sentiment", log: int | None = None, **limits: int) -> FlaskClient:
            return create_app(load_model(trained), Limits(**limits), name, log).test_client()

        yield make


@pytest.fixture(scope="module")
def running(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`ml-workshop serve` with 2 workers on a port, with limits that are quickly reached."""
    log, port = tmp_path_factory.mktemp("running") / "log", free_port()
    limits = ["--max-body-bytes=65536", "--max-texts=8", "--max-text-characters=5000"]
    server = serve(trained, log, "--workers=2", "--timeout=2", *limits, port=port)
    server.wait_until_ready(workers=2)
    yield server
    server.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start `ml-workshop serve` on a Unix socket, with a model and options."""
    servers: list[Server] = []

    def run(model: Path, *options: object, **more: Any) -> Server:
        path = tmp_path / f"{len(servers)}.sock"
        servers.append(serve(model, tmp_path / "log", *options, path=path, **more))
        return servers[-1]

    yield run
    for server in servers:
        server.stop()


@pytest.fixture
def write_dataset(tmp_path: Path) -> Callable[..., Path]:
    """Write a data set directory of JSON lines; a split given as None is left out."""

    def write(train: list[dict[str, object]] | None, test: list[dict[str, object]] | None) -> Path:
        directory = tmp_path / "reviews"
        directory.mkdir()
        for split, rows in (("train", train), ("test", test)):
            if rows is not None:
                lines = "".join(json.dumps(row) + "\n" for row in rows)
                (directory / f"{split}.jsonl").write_text(lines)
        return directory

    return write


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    """The address of a fake hub that has the sample as data set made-up/reviews."""
    from ml_workshop.data.dataset import SAMPLE_DIRECTORY

    process = subprocess.Popen(
        [sys.executable, HERE / "fake_hub.py", "--data-set", f"made-up/reviews={SAMPLE_DIRECTORY}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait()


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Run without root, because root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
