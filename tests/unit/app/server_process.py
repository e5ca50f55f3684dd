"""A running `ml-workshop serve`, for tests that ask it over its socket."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

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

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return str(response.read().decode())

    def predict(self, text: str = TEXT) -> dict[str, object]:
        with contextlib.closing(self.connect()) as connection:
            return predict(connection, text)

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


def predict(connection: http.client.HTTPConnection, text: str = TEXT) -> dict[str, object]:
    """Ask for a prediction; the connection stays open unless the server closes it."""
    connection.request("POST", "/predict", json.dumps({"text": text}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, body
    answer: dict[str, object] = json.loads(body)
    return answer


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


def another_revision(model: Path, directory: Path) -> Path:
    copy = Path(shutil.copytree(model, directory))
    (copy / "README.md").write_text("another card")
    write_manifest(copy)
    return copy
