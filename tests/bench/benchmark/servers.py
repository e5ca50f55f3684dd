"""The servers to compare, and how to start them."""

import json
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from socket import socket

from benchmark.background import started
from benchmark.errors import BenchmarkError
from benchmark.measurements import (
    GATEWAY,
    GATEWAY_TLS,
    NOOP,
    OURS,
    OURS_UNLOGGED,
    PEER,
    PEER_LOGGED,
    WORKSHOP_ONE,
    WORKSHOP_TWO,
)
from benchmark.training import COMMAND, Models

WORKERS = "2"
API_KEY = "0123456789abcdef0123456789abcdef"
START_SECONDS = 60
POLL_SECONDS = 0.002
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
METRICS_DIRECTORY = {"PROMETHEUS_MULTIPROC_DIR": "{metrics}"}


@dataclass(frozen=True)
class Server:
    """How to start a server.

    Attributes:
        name: Name in the results.
        command: Program and arguments; {port} stands for the port.
        environment: Additional environment variables; {metrics} stands for an empty directory.
        prediction: Expected class of the golden review, 0 or 1; None accepts both.
        api_key: Sent with each request, by HTTPS; empty for HTTP without a key.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    prediction: int | None = None
    api_key: str = ""


@dataclass(frozen=True)
class Running:
    """A running server.

    Attributes:
        name: Name in the results.
        port: Port on 127.0.0.1.
        pid: Process ID of the server's first process.
        start_seconds: Time from the start of the process to its first correct answer.
        api_key: API key of the server; empty for none.
    """

    name: str
    port: int
    pid: int
    start_seconds: float
    api_key: str


def all_servers(models: Models) -> list[Server]:
    """Return the servers to compare, each started as in production.

    Ours runs as in a slot, but listens on a port (wrk cannot use Unix sockets); behind HAProxy on a socket.
    Ours and the FastAPI peer run with and without an access log.
    The workshop's server runs as documented (one process, Uvicorn's access log) without the file watcher,
    and also with two processes.
    """
    golden = golden_review(models.ours)[1]
    uvicorn = (sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}")
    peer = (
        *uvicorn,
        "--workers",
        WORKERS,
        "--loop",
        "uvloop",
        "--http",
        "httptools",
        "peers.fastapi_peer:app",
    )
    peer_environment = {**METRICS_DIRECTORY, **ONE_THREAD, "PEER_MODEL": str(models.ours)}
    gateway = (sys.executable, "-m", "peers.gateway", str(models.ours), "{port}", WORKERS)
    ours = (COMMAND, "serve", "--model", str(models.ours), "--port", "{port}", "--workers", WORKERS)
    unit_environment = {**METRICS_DIRECTORY, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    workshop_environment = {"WORKSHOP_MODEL": str(models.workshop)}
    return [
        Server(OURS, ours, unit_environment, golden),
        Server(OURS_UNLOGGED, (*ours, "--no-access-log"), unit_environment, golden),
        Server(GATEWAY, gateway, unit_environment, golden),
        Server(GATEWAY_TLS, (*gateway, API_KEY), unit_environment, golden, API_KEY),
        Server(PEER, (*peer, "--no-access-log"), peer_environment, golden),
        Server(PEER_LOGGED, peer, peer_environment, golden),
        Server(NOOP, (sys.executable, "-m", "peers.noop", "{port}", WORKERS), METRICS_DIRECTORY),
        Server(WORKSHOP_ONE, (*uvicorn, "workshop.server:app"), workshop_environment),
        Server(
            WORKSHOP_TWO,
            (*uvicorn, "--workers", WORKERS, "workshop.server:app"),
            {**workshop_environment, **METRICS_DIRECTORY, **ONE_THREAD},
        ),
    ]


def golden_review(model: Path) -> tuple[str, int]:
    """Return the first golden review of a model and its class."""
    golden = json.loads((model / "config.json").read_text())["golden"][0]
    return golden["text"], golden["prediction"]


@contextmanager
def running(server: Server, review: str, logs: Path) -> Iterator[Running]:
    """Start a server, wait for its first correct answer, and stop it at the end.

    Args:
        server: Server to start.
        review: Text that is sent until the first answer.
        logs: Directory for its output.

    Raises:
        BenchmarkError: The server does not answer within a minute.
    """
    port = _free_port()
    metrics = Path(tempfile.mkdtemp(prefix="ml-workshop-bench-", dir=_memory_directory()))
    command = [part.format(port=port) for part in server.command]
    environment = {name: value.format(metrics=metrics) for name, value in server.environment.items()}
    log = logs / f"{server.name.replace(', ', '-').replace(' ', '-')}.log"
    try:
        begin = time.perf_counter()
        with started(command, log, environment) as process:
            body = json.dumps({"text": review}).encode()
            while not _answers(server, port, body):
                if process.poll() is not None or time.perf_counter() - begin > START_SECONDS:
                    raise BenchmarkError(f"The server '{server.name}' does not answer; see {log}.")
                time.sleep(POLL_SECONDS)
            yield Running(server.name, port, process.pid, time.perf_counter() - begin, server.api_key)
    finally:
        shutil.rmtree(metrics, ignore_errors=True)


def _answers(server: Server, port: int, body: bytes) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    headers = {"Content-Type": "application/json"}
    if server.api_key:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = HTTPSConnection("127.0.0.1", port, timeout=START_SECONDS, context=context)
        headers["X-API-Key"] = server.api_key
    try:
        connection.request("POST", "/predict", body, headers)
        response = connection.getresponse()
        answer = response.read()
        return response.status == 200 and server.prediction in (None, json.loads(answer)["prediction"])
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _memory_directory() -> str | None:
    """Return a directory in memory, as systemd's RuntimeDirectory= is; None for the default."""
    shared_memory = Path("/dev/shm")  # noqa: S108 -- mkdtemp makes a directory of our own in it
    return str(shared_memory) if shared_memory.is_dir() else None
