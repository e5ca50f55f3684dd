"""The real server: Gunicorn with several workers."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ml_workshop.model.manifest import write_manifest

TEXT = "A delightful film. I loved it."


class Server:
    """A running `ml-workshop serve`."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log
        self.expected_workers = 0

    def wait_until_ready(self, workers: int) -> None:
        self.expected_workers = workers
        wait_for(lambda: len(self.workers()) == workers and self.get("/health/ready"), self)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return str(response.read().decode())

    def predict(self, text: str = TEXT) -> dict[str, object]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request(
                "POST", "/predict", json.dumps({"text": text}), {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            assert response.status == 200, response.read()
            answer: dict[str, object] = json.loads(response.read())
            return answer

    def metric(self, pattern: str) -> float:
        return sum(
            float(value) for value in re.findall(rf"^{pattern} (\S+)$", self.get("/metrics"), re.MULTILINE)
        )

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def signal_and_wait(self, number: signal.Signals, pid: int | None = None) -> None:
        """Send a signal, and wait until new workers have taken the place of those that it ends."""
        gone = set(self.workers()) if pid is None else {pid}
        os.kill(pid or self.process.pid, number)
        wait_for(lambda: not gone & set(self.workers()), self)
        self.wait_until_ready(self.expected_workers)


def wait_for(condition: Callable[[], object], server: Server) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if condition():
                return
        assert server.process.poll() is None, server.log.read_text()
        time.sleep(0.02)
    raise AssertionError(server.log.read_text())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def run(
        model: Path, *options: object, pass_fds: tuple[int, ...] = (), prefix: tuple[str, ...] = ()
    ) -> Server:
        port = free_port()
        log = tmp_path / "log"
        command = [
            *prefix,
            sys.executable,
            "-m",
            "ml_workshop",
            "serve",
            "--model",
            model,
            "--port",
            port,
            *options,
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(
                list(map(str, command)),
                stderr=output,
                stdout=output,
                pass_fds=pass_fds,
                env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")},
            )
        servers.append(Server(process, port, log))
        return servers[-1]

    yield run
    for server in servers:
        server.process.terminate()
        server.process.wait(20)


def another_revision(model: Path, directory: Path) -> Path:
    copy = Path(shutil.copytree(model, directory))
    (copy / "README.md").write_text("another card")
    write_manifest(copy)
    return copy


def test_reloads_and_a_killed_worker_lose_no_request_and_no_count(
    start: Callable[..., Server], model: Path, tmp_path: Path
) -> None:
    server = start(model, "--workers", 2)
    server.wait_until_ready(workers=2)
    sent, failures, stop = [0] * 4, [], threading.Event()

    def ask(number: int) -> None:
        while not stop.is_set():
            try:
                server.predict()
                sent[number] += 1
            except Exception as error:
                failures.append(error)

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(len(sent))]
    for client in clients:
        client.start()
    server.signal_and_wait(signal.SIGHUP)
    server.signal_and_wait(signal.SIGHUP)
    enough = sum(sent) + 50
    wait_for(lambda: sum(sent) > enough, server)
    stop.set()
    for client in clients:
        client.join()
    server.signal_and_wait(signal.SIGKILL, server.workers()[0])
    assert failures == []
    assert server.metric(r'flask_http_request_total\{method="POST",status="200"\}') == sum(sent)
    assert server.metric(r"ml_workshop_predictions_total\{.*\}") == sum(sent)
    assert server.metric("ml_workshop_requests_in_progress") == 1

    def counted_as_live() -> set[int]:
        return {int(path.stem.rpartition("_")[2]) for path in (tmp_path / "metrics").glob("gauge_live*")}

    wait_for(lambda: counted_as_live() == set(server.workers()), server)


def test_a_reload_follows_the_link_to_another_model(
    start: Callable[..., Server], model: Path, tmp_path: Path
) -> None:
    other = another_revision(model, tmp_path / "other")
    current = tmp_path / "current"
    current.symlink_to(model)
    server = start(current, "--workers", 2)
    server.wait_until_ready(workers=2)
    first = server.predict()["model_revision"]
    (tmp_path / "next").symlink_to(other)
    (tmp_path / "next").rename(current)
    assert server.predict()["model_revision"] == first, "a new link alone changes nothing"
    server.signal_and_wait(signal.SIGHUP)
    assert server.predict()["model_revision"] != first


def test_a_reload_to_a_broken_model_keeps_the_old_one(
    start: Callable[..., Server], model: Path, tmp_path: Path
) -> None:
    current = tmp_path / "current"
    current.symlink_to(model)
    server = start(current, "--workers", 1)
    server.wait_until_ready(workers=1)
    first = server.predict()
    broken = another_revision(model, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"short")
    (tmp_path / "next").symlink_to(broken)
    (tmp_path / "next").rename(current)
    server.signal_and_wait(signal.SIGHUP)
    assert server.predict() == first
    assert "the reload keeps" in server.log.read_text()


def test_a_socket_handed_over_by_systemd_is_used(start: Callable[..., Server], model: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        handed_over = os.dup2(listening.fileno(), 3, inheritable=True) if listening.fileno() != 3 else 3
        # What systemd does: the socket as descriptor 3, LISTEN_PID the process that is started.
        activate = ("sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "activate")
        server = start(model, "--workers", 1, pass_fds=(handed_over,), prefix=activate)
        server.port = listening.getsockname()[1]
        server.wait_until_ready(workers=1)
        assert server.predict()["label"] == "positive"


def test_a_body_without_length_is_limited_too(start: Callable[..., Server], model: Path) -> None:
    server = start(model, "--workers", 1, "--max-body-bytes", 2048)
    server.wait_until_ready(workers=1)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        chunks = iter([b'{"text": "', *([b"a" * 1024] * 4), b'"}'])
        connection.request(
            "POST", "/predict", chunks, {"Content-Type": "application/json"}, encode_chunked=True
        )
        response = connection.getresponse()
        assert response.status == 413
        assert json.loads(response.read())["error"]


def test_a_port_that_is_taken_is_one_sentence(
    command: Callable[..., subprocess.CompletedProcess[str]], model: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = command("serve", "--model", model, "--port", port)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"127.0.0.1:{port} cannot be listened on (Address already in use)" in last
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda d: shutil.rmtree(d), "is not a model directory"),
        (lambda d: (d / "config.json").write_text("{}"), "is not the configuration of a model"),
        (lambda d: (d / "model.safetensors").write_bytes(b"x" * 100), "is not a whole safetensors file"),
        (lambda d: (d / "vocabulary.txt").write_text("a\nb"), "fails golden review 1"),
    ],
)
def test_a_broken_model_is_not_served(
    command: Callable[..., subprocess.CompletedProcess[str]],
    model: Path,
    break_it: Callable[[Path], object],
    says: str,
) -> None:
    break_it(model)
    done = command("serve", "--model", model, "--port", free_port())
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_the_server_imports_no_torch_or_scikit_learn_and_stays_small(
    start: Callable[..., Server], model: Path
) -> None:
    server = start(model, "--workers", 1)
    server.wait_until_ready(workers=1)
    server.predict()
    (worker,) = server.workers()
    mapped = Path(f"/proc/{worker}/maps").read_text()
    for library in ("torch", "sklearn", "scipy", "pyarrow"):
        assert not re.search(rf"/{library}[/.]", mapped), library
    assert "model.safetensors" in mapped, "the weights are mapped, not copied"
    resident = int(re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())[0])
    assert resident < 85_000
