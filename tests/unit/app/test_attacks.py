"""Malicious clients on a slot's socket: health checks of others stay quick, and no worker ends.

A busy machine delays every check, so the limits are relative to the slowest check before the attack.
"""

import contextlib
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from server_process import Server, post

pytestmark = pytest.mark.timing

QUICK, IN_A_BURST = 0.1, 0.5
"""Limits in seconds for the health check of another client; the longer one during a burst."""

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of a connection that is reset when it is closed."""


@pytest.fixture
def server(start: Callable[..., Server], model: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    workers = getattr(request, "param", 2)
    server = start(model, "--workers", workers)
    server.wait_until_ready(workers=workers)
    before = server.workers()
    server.get("/health/ready")
    yield server
    assert server.workers() == before
    assert '"traceback"' not in server.log.read_text()


def slowest_health_check(
    server: Server, until: Callable[[], bool] = lambda: True, at_least: int = 50
) -> float:
    """Return the seconds of the slowest health check on a new connection, until a condition holds."""
    slowest, count = 0.0, 0
    deadline = time.monotonic() + 60
    while count < at_least or not until():
        assert time.monotonic() < deadline
        began = time.monotonic()
        server.get("/health/ready")
        slowest = max(slowest, time.monotonic() - began)
        count += 1
    print(f"slowest of {count} health checks: {slowest * 1000:.0f} ms")
    return slowest


def test_pipelined_requests_that_are_reset(server: Server) -> None:
    usual = slowest_health_check(server)
    requests = post("/predict", {"text": "A delightful film. " * 20}) * 200
    for _ in range(14):
        connection = server.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.settimeout(0.5)
        with contextlib.suppress(OSError):
            connection.sendall(requests)
        connection.close()
    assert slowest_health_check(server) < IN_A_BURST + usual
    assert slowest_health_check(server) < QUICK + usual


@pytest.mark.parametrize("server", [1], indirect=True, ids=["one worker"])
@pytest.mark.parametrize(
    ("text", "status"), [("!" * 16_384, 200), ("a." * 32_500, 422)], ids=["longest", "too long"]
)
def test_a_burst_of_explanations(server: Server, text: str, status: int) -> None:
    usual = slowest_health_check(server)

    def explain(_: int) -> int:
        with contextlib.closing(server.connect()) as connection:
            connection.timeout = 60
            connection.request(
                "POST", "/explain", json.dumps({"text": text}), {"Content-Type": "application/json"}
            )
            response = connection.getresponse()
            response.read()
            return response.status

    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(explain, number) for number in range(40)]
        slowest = slowest_health_check(server, lambda: all(answer.done() for answer in answers))
    assert [answer.result() for answer in answers] == [status] * 40
    assert slowest < IN_A_BURST + usual


def test_clients_that_do_not_read(server: Server) -> None:
    usual = slowest_health_check(server)
    with contextlib.ExitStack() as stack:
        for _ in range(12):
            connection = stack.enter_context(contextlib.closing(server.socket()))
            connection.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                connection.sendall(post("/explain", {"text": "!" * 16_000}) * 20)
        slowest_health_check(server, at_least=20)  # while the first responses are made
        assert slowest_health_check(server) < IN_A_BURST + usual


@pytest.mark.parametrize(
    ("framing", "piece"),
    [
        ("Content-Length: 1000", b"a"),
        ("Content-Length: 500000", b"a"),
        ("Transfer-Encoding: chunked", b"1\r\na\r\n"),
    ],
    ids=["small", "large", "chunked"],
)
def test_slow_bodies(server: Server, framing: str, piece: bytes) -> None:
    """200 clients send a body one byte at a time."""
    usual = slowest_health_check(server)
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    stop = threading.Event()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(contextlib.closing(server.socket())) for _ in range(200)]
        for connection in connections:
            connection.sendall(head.encode())

        def trickle() -> None:
            for _ in range(900):
                for connection in connections:
                    connection.sendall(piece)
                if stop.wait(0.05):
                    return

        feeder = threading.Thread(target=trickle)
        feeder.start()
        slowest = slowest_health_check(server, at_least=100)
        server.predict()
        stop.set()
        feeder.join()
    assert slowest < QUICK + usual


def test_a_log_without_a_reader(start: Callable[..., Server], model: Path) -> None:
    read, write = os.pipe()
    server = start(model, "--workers", 2, output=write)
    os.close(write)
    server.wait_until_ready(workers=2)
    before = server.workers()
    quick = QUICK + slowest_health_check(server)
    dropped = "ml_workshop_log_lines_dropped_total"
    slowest = slowest_health_check(server, lambda: server.metric(dropped) > 100)
    assert slowest < quick
    assert server.workers() == before
    os.close(read)
    assert slowest_health_check(server) < quick
