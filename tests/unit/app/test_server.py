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
from collections.abc import Callable
from pathlib import Path

import pytest
from server_process import Server, another_revision, free_port


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


def test_the_server_imports_nothing_that_trains_or_publishes() -> None:
    code = "import sys, ml_workshop.cli.serve, ml_workshop.serving.server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stdout.split()}
    assert "numpy" in imported
    unwanted = {
        "torch",
        "sklearn",
        "scipy",
        "joblib",
        "datasets",
        "pyarrow",
        "safetensors",
        "huggingface_hub",
    }
    assert not imported & unwanted


def test_a_worker_maps_no_torch_or_scikit_learn_and_stays_small(
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
