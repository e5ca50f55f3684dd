"""The server: Gunicorn on a Unix socket."""

import contextlib
import json
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from server_process import TEXT, Server, post, wait_for

pytestmark = pytest.mark.slow

Start = Callable[..., Server]
Command = Callable[..., subprocess.CompletedProcess[str]]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server(start: Start, model: Path) -> Server:
    server = start(model, "--workers", 1, "--max-body-bytes", 2048, "--timeout", 2)
    server.wait_until_ready(workers=1)
    return server


def test_the_log_has_the_client_of_x_forwarded_for(server: Server) -> None:
    with contextlib.closing(server.connect()) as connection:
        for headers in ({"X-Forwarded-For": "192.0.2.7"}, {}):
            connection.request("GET", "/nope", headers=headers)
            assert connection.getresponse().read()
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if '"/nope"' in line]
    assert [line["client"] for line in lines] == ["192.0.2.7", "local"]


def test_all_output_is_json(server: Server) -> None:
    server.signal_and_wait(signal.SIGHUP)
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {line.get("logger") for line in lines} >= {"ml_workshop", "gunicorn.error", None}


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_read_and_refused(server: Server, chunked: bool) -> None:
    content = b'{"text": "' + b"a" * 4096 + b'"}'
    with contextlib.closing(server.connect()) as connection:
        for _ in range(2):
            body = iter([content]) if chunked else content
            connection.request("POST", "/predict", body, JSON, encode_chunked=chunked)
            response = connection.getresponse()
            assert response.status == 413
            assert "more than 2048 bytes" in json.loads(response.read())["error"]


def test_an_endless_body_is_not_read_to_the_end(server: Server) -> None:
    head = b"POST /predict HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
    with contextlib.closing(server.socket()) as connection:
        connection.sendall(head)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(64):
                connection.sendall(b" " * 1_048_576)
            raise AssertionError("64 MB were read")


def test_an_incomplete_body_is_a_408(server: Server) -> None:
    head = b"POST /predict HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    with contextlib.closing(server.socket()) as connection:
        connection.sendall(head)
        received = b""
        while data := connection.recv(65_536):
            received += data
    assert received.startswith(b"HTTP/1.1 408 Request Timeout")
    assert json.loads(received.partition(b"\r\n\r\n")[2]) == {"error": "The request was not sent in time."}


def test_requests_in_progress_are_answered_at_a_stop(server: Server) -> None:
    request = post("/predict", {"text": TEXT})
    with contextlib.closing(server.socket()) as connection:
        connection.sendall(request[:-1])
        server.process.terminate()
        wait_for_refusal(server)
        connection.sendall(request[-1:])
        received = b""
        while data := connection.recv(65_536):
            received += data
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert server.process.wait(10) == 0


def test_a_stop_ends_workers_that_start(start: Callable[..., Server], model: Path) -> None:
    """Signals that reach a worker before its event loop runs are kept."""
    server = start(model, "--workers", 8)
    wait_for(lambda: len(server.workers()) == 8, server)
    server.process.terminate()
    assert server.process.wait(25) == 0  # graceful_timeout is 30


def wait_for_refusal(server: Server) -> None:
    def refused() -> bool:
        try:
            server.socket().close()
        except OSError:
            return True
        return False

    wait_for(refused, server)


def test_many_connections_may_wait_also_after_a_worker_has_died(server: Server) -> None:
    """The gateway sends up to 1,000 requests at once, and takes a slot out that refuses one."""

    def backlog() -> int:
        listed = subprocess.run(["ss", "-xlH", "src", str(server.path)], capture_output=True, text=True)
        return int(listed.stdout.split()[3])

    wait_for(lambda: backlog() == 2048, server)
    server.signal_and_wait(signal.SIGKILL, server.workers()[0])
    wait_for(lambda: backlog() == 2048, server)


def test_a_port_in_use_is_an_error(command: Command, model: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = command("serve", "--model", model, "--port", port)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"cannot listen on 127.0.0.1:{port} (Address already in use" in last
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("path", "message"), [("nowhere/s", "No such file or directory"), ("a" * 108, "path too long")]
)
def test_an_invalid_socket_is_an_error(
    command: Command, model: Path, tmp_path: Path, path: str, message: str
) -> None:
    done = command("serve", "--model", model, "--socket", tmp_path / path)
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_broken_model_is_not_served(command: Command, model: Path) -> None:
    (model / "vocabulary.txt").write_text("a\nb")
    done = command("serve", "--model", model)
    assert done.returncode == 1
    assert "fails golden review 1" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_a_worker_maps_no_torch_or_scikit_learn_and_stays_small(server: Server) -> None:
    server.predict()
    (worker,) = server.workers()
    mapped = Path(f"/proc/{worker}/maps").read_text()
    for library in ("torch", "sklearn", "scipy", "pyarrow"):
        assert not re.search(rf"/{library}[/.]", mapped), library
    assert "model.safetensors" in mapped, "the weights are mapped, not copied"
    resident = int(re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{worker}/status").read_text())[0])
    assert resident < 85_000


def test_the_directory_of_the_metrics_is_removed_at_the_end(
    start: Start, model: Path, tmp_path: Path
) -> None:
    temporary = {"PROMETHEUS_MULTIPROC_DIR": "", "TMPDIR": str(tmp_path)}
    server = start(model, "--workers", 1, **temporary)
    wait_for(lambda: server.get("/health/ready"), server)
    assert list(tmp_path.glob("ml-workshop-metrics-*"))
    assert server.stop() == 0
    assert not list(tmp_path.glob("ml-workshop-metrics-*"))
