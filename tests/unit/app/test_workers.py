"""Several workers under load: no request is lost or counted twice."""

import contextlib
import http.client
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from server_process import TEXT, Server, post, predict, wait_for

pytestmark = pytest.mark.slow

CLIENTS = 6
ANSWERED = r'flask_http_request_total\{method="POST",status="200"\}'


class Load:
    """Clients that keep their connections open and send one request after the other."""

    def __init__(self, server: Server, retry: bool = False) -> None:
        self.server, self.retry = server, retry
        self.answered = self.lost = 0
        self.failures: list[Exception] = []
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._clients = [threading.Thread(target=self._send) for _ in range(CLIENTS)]

    def _send(self) -> None:
        connection = self.server.connect()
        while not self._stop.is_set():
            try:
                predict(connection)
                with self._lock:
                    self.answered += 1
            except (ConnectionError, http.client.HTTPException) as error:
                connection.close()
                with self._lock:
                    self.lost += 1
                if not self.retry:
                    self.failures.append(error)
            except Exception as error:
                self.failures.append(error)
        connection.close()

    def wait_for_more(self) -> None:
        """Wait for 300 further responses."""
        enough = self.answered + 300
        wait_for(lambda: self.answered > enough or self.failures, self.server)

    def __enter__(self) -> "Load":
        for client in self._clients:
            client.start()
        self.wait_for_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for client in self._clients:
            client.join()


@pytest.fixture
def server(start: Callable[..., Server], model: Path) -> Server:
    server = start(model, "--workers", 2)
    server.wait_until_ready(workers=2)
    return server


def test_every_request_is_counted_once(server: Server) -> None:
    with Load(server) as load:
        load.wait_for_more()
    print(f"{load.answered} requests over {CLIENTS} connections, {load.lost} lost")
    assert load.failures == []
    assert server.metric(ANSWERED) == load.answered
    assert server.metric(r"ml_workshop_predictions_total\{.*\}") == load.answered
    assert server.metric("ml_workshop_review_tokens_count") == load.answered


def test_a_killed_worker_loses_no_counts(server: Server, tmp_path: Path) -> None:
    with Load(server, retry=True) as load:
        server.signal_and_wait(signal.SIGKILL, server.workers()[0])
        load.wait_for_more()
    counted = server.metric(ANSWERED)
    print(f"{load.answered} answered, {counted:.0f} counted, {load.lost} connections lost with the worker")
    assert load.failures == []
    assert load.lost <= CLIENTS
    assert load.answered <= counted <= load.answered + load.lost
    assert server.metric("ml_workshop_metric_files") == len(list((tmp_path / "metrics").glob("*.db")))


def test_metrics_describe_the_model(start: Callable[..., Server], model: Path) -> None:
    baseline = {
        "out_of_vocabulary_ratio": 0.25,
        "confidence": 0.75,
        "class_share": {"negative": 0.4, "positive": 0.6},
    }
    metrics = json.loads((model / "metrics.json").read_text())
    (model / "metrics.json").write_text(json.dumps({**metrics, "baseline": baseline}))
    server = start(model, "--workers", 2)
    server.wait_until_ready(workers=2)
    lines = re.findall(r"^ml_workshop_model_(\S+) (\S+)$", server.get("/metrics"), re.MULTILINE)
    described = {name: float(value) for name, value in lines}
    assert described["baseline_confidence"] == 0.75
    assert described["baseline_out_of_vocabulary_ratio"] == 0.25
    assert described['baseline_class_share{label="positive"}'] == 0.6
    assert 0 < described["created_timestamp_seconds"] <= time.time()
    assert len([name for name in described if name.startswith("info{")]) == 1


def test_metrics_are_available_while_a_worker_starts(server: Server, tmp_path: Path) -> None:
    server.predict()
    (tmp_path / "metrics" / "counter_1.db").touch()  # empty, as before a worker's first write
    assert server.metric(ANSWERED) == 1
    assert server.metric("ml_workshop_metric_files") > 1


def test_a_slow_request_is_answered_when_complete(server: Server) -> None:
    with contextlib.closing(server.socket()) as connection:
        for byte in post("/predict", {"text": TEXT}):
            connection.sendall(bytes([byte]))
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")


def test_a_slow_reader_gets_a_large_response_and_the_next_one(server: Server) -> None:
    with contextlib.closing(server.socket()) as connection:
        connection.sendall(post("/explain", {"text": "a." * 8_000}) + post("/predict", {"text": TEXT}))
        for _ in range(20):  # the connection is not read yet
            server.predict()
        answers = []
        with connection.makefile("rb") as received:
            for _ in range(2):
                received.readline()
                length = int(http.client.parse_headers(received)["Content-Length"])
                answers.append(json.loads(received.read(length)))
    assert len(answers[0]["tokens"]) == 16_000
    assert answers[1] == server.predict()


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    requests = [post("/predict", {"text": TEXT}, f"X-Request-ID: {number}") for number in range(1, 31)]
    with contextlib.closing(server.socket()) as connection:
        connection.sendall(b"".join(requests))
        received = b""
        while received.count(b"model_revision") < 30:
            received += connection.recv(65536)
    names = [int(name) for name in re.findall(rb"x-request-id: (\d+)", received)]
    assert names == list(range(1, 31))


def test_a_stuck_worker_is_replaced(start: Callable[..., Server], model: Path) -> None:
    server = start(model, "--workers", 1, "--timeout", 1)
    server.wait_until_ready(workers=1)
    (stuck,) = server.workers()
    os.kill(stuck, signal.SIGSTOP)
    wait_for(lambda: stuck not in server.workers(), server)
    server.wait_until_ready(workers=1)
    assert server.predict()["label"] == "positive"


def test_clients_spread_over_the_workers(server: Server) -> None:
    """Every hundredth response of a worker closes its connection, so that its client may reach another."""
    with contextlib.closing(server.connect()) as connection:
        for _ in range(200):
            predict(connection)
            if connection.sock is None:
                break
        assert connection.sock is None, "no response has connection: close"
