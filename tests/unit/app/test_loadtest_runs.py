"""Load tests with Locust: results, refused runs, and metrics for Prometheus."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from server_process import Server, free_port, http_server, respond

pytestmark = pytest.mark.timing

RIGHT = {"prediction": 1, "label": "positive", "probability": 0.9, "model_revision": "r"}
SECONDS = 30
LONG_LATENCY = ("--latency", 99, 10)  # tests share their machine

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
Command = Callable[..., "subprocess.CompletedProcess[str]"]
Gate = Callable[..., tuple["subprocess.CompletedProcess[str]", dict[str, Any]]]


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
        return str(response.read().decode())


def post(url: str, **form: object) -> None:
    urllib.request.urlopen(url, urllib.parse.urlencode(form).encode(), timeout=10).close()  # noqa: S310


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError):
            if result := condition():
                return result
        time.sleep(0.02)
    raise AssertionError(f"not within {SECONDS} s")


@contextmanager
def started(*command: object, log: Path, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)


@pytest.fixture(scope="module")
def service(running: Server) -> str:
    return f"http://127.0.0.1:{running.port}"


def served(service: str) -> float:
    """Return the server's count of POST requests."""
    lines = re.findall(
        r'^flask_http_request_total\{.*method="POST".*\} (\S+)$', get(f"{service}/metrics"), re.M
    )
    return sum(map(float, lines))


@pytest.fixture
def gate(command: Command, tmp_path: Path) -> Gate:
    """Run `ml-workshop load-test`; return the process and its result."""

    def run(host: str, *options: object) -> tuple["subprocess.CompletedProcess[str]", dict[str, Any]]:
        plain = (
            "--ramp",
            0,
            "--hold",
            2,
            "--minimum-requests",
            20,
            *(() if "--latency" in options else LONG_LATENCY),
        )
        done = command("load-test", "--host", host, "--output-dir", tmp_path, *plain, *options)
        assert "Traceback" not in done.stderr, done.stderr
        return done, json.loads((tmp_path / "result.json").read_text())

    return run


@contextmanager
def serving(answer: Callable[[], Any]) -> Iterator[str]:
    """Run a fake service that returns an answer per text."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        content = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        prediction = answer()
        respond(request, [prediction] * len(content["texts"]) if "texts" in content else prediction)

    with http_server(handle) as url:
        yield url


def exposed(url: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(get(url))
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def counters(samples: Samples) -> Samples:
    return {key: value for key, value in samples.items() if key[0] != "locust_users"}


def total(samples: Samples, name: str) -> float:
    return sum(value for (sample, _), value in samples.items() if sample == name)


def test_processes_count_as_the_server_does_and_write_three_files(
    service: str, gate: Gate, tmp_path: Path
) -> None:
    before = served(service)
    done, result = gate(service, "--users", 10, "--processes", 2)
    assert done.returncode == 0, done.stderr
    assert result["passed"]
    assert result["failures"] == 0
    assert result["requests"] == served(service) - before >= 20
    assert result["requests"] == sum(route["requests"] for route in result["routes"].values())
    assert set(result["routes"]) == {"/predict", "/predict (batch)"}
    assert sum(result["distribution"].values()) == result["requests"]
    assert any(int(microseconds) % 1000 for microseconds in result["distribution"])
    latency = result["latency_ms"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["p99.9"] <= latency["max"]
    assert (tmp_path / "latency.png").read_bytes().startswith(b"\x89PNG")
    assert "/predict (batch)" in (tmp_path / "report.html").read_text()


def test_an_objective_out_of_reach_and_too_few_requests_are_refused(service: str, gate: Gate) -> None:
    done, result = gate(service, "--latency", 99, 0.00001, "--minimum-requests", 10**6, "--hold", 1)
    assert done.returncode == 3
    assert not result["passed"]
    assert re.search(r"Only \d+ requests were made, fewer than the minimum of 1000000", done.stderr)
    assert "0 % of the requests took at most 0.01 ms, the objective is 99 %." in done.stderr


def test_a_service_that_mixes_up_answers_is_refused(gate: Gate, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "reviews.jsonl").write_text(json.dumps({"text": "only one", "label": 1}) + "\n")
    monkeypatch.setenv("LOCUST_REVIEWS", str(tmp_path / "reviews.jsonl"))
    count = iter(range(10**6))
    with serving(lambda: {**RIGHT, "probability": next(count) % 100 / 100}) as confused:
        done, result = gate(confused, "--users", 10, "--hold", 1)
    assert done.returncode == 3
    assert result["wrong"] > 0.5 * result["requests"]
    assert result["unavailable"] == 0
    assert re.search(r"answers were wrong; most often: .*the same text got", done.stderr)


def test_a_missing_service_is_refused(gate: Gate) -> None:
    done, result = gate(f"http://127.0.0.1:{free_port()}", "--hold", 1)
    assert done.returncode == 3
    assert result["unavailable"] == result["requests"] > 0
    assert result["wrong"] == 0
    assert "0 % of the requests were answered without a 5xx" in done.stderr


def test_requests_without_response_are_counted(gate: Gate) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done, result = gate(host, "--mode", "open", "--rate", 20, "--hold", 1)
    assert done.returncode == 3
    assert result["unavailable"] == result["requests"] == result["requests_due"] == 20
    assert result["latency_ms"]["p50"] >= 10_000


def test_a_port_in_use_is_an_error(service: str, command: Command, tmp_path: Path) -> None:
    port = service.rpartition(":")[2]
    done = command("load-test", "--host", service, "--output-dir", tmp_path, "--web-port", port)
    assert done.returncode == 1
    assert done.stderr == (
        f"ml-workshop: Locust cannot listen on 127.0.0.1:{port} (Address already in use): "
        "set another --web-address or --web-port.\n"
    )


def test_only_the_open_model_sees_a_second_in_which_the_service_stalls(gate: Gate) -> None:
    """The service stalls for one of three seconds, so a third of the requests must wait."""

    def stalls() -> Callable[[], dict[str, Any]]:
        start: list[float] = []

        def answer() -> dict[str, Any]:
            start.append(time.monotonic())
            time.sleep(max(2 - (start[-1] - start[0]), 0) if start[-1] - start[0] > 1 else 0)
            return RIGHT

        return answer

    options = ("--hold", 3, "--latency", 80, 0.1)
    with serving(stalls()) as service:
        done, closed = gate(service, "--users", 4, *options)
    assert done.returncode == 0, done.stderr
    with serving(stalls()) as service:
        done, opened = gate(service, "--mode", "open", "--rate", 100, *options)
    assert done.returncode == 3
    assert opened["requests"] == 300
    assert 55 < opened["objectives"][1]["achieved"] < 75  # 70 on an idle machine
    assert opened["latency_ms"]["max"] > 900
    assert opened["most_in_flight"] > 80
    assert closed["objectives"][1]["achieved"] > 80


def test_open_processes_share_the_arrivals_between_them(service: str, gate: Gate) -> None:
    before, began = served(service), time.monotonic()
    options = ("--mode", "open", "--rate", 50, "--ramp", 1, "--processes", 2)
    done, result = gate(service, *options)
    assert done.returncode == 0, done.stderr
    assert result["requests"] == served(service) - before == 25 + 100
    assert time.monotonic() - began < 2 * SECONDS  # workers without a quit message stay for a minute


CLIENT = """
import json, sys, time
from locust.env import Environment
from ml_workshop.loadtest.recorder import Recorder
from ml_workshop.loadtest.users import ReviewUser

host, late = sys.argv[1], float(sys.argv[2])
environment = Environment(host=host, user_classes=[ReviewUser])
stats = Recorder(environment).stats
client = type("Client", (ReviewUser,), {"host": host})(environment)
client.classify(due=time.perf_counter() - late)
total = stats.total()
print(json.dumps([total.latencies.longest, stats.start_delays.longest, total.wrong]))
"""


def one_request(host: str, late: float) -> list[float]:
    """Return latency, start delay and number of wrong answers of a request that is sent late."""
    output = subprocess.check_output([sys.executable, "-c", CLIENT, host, str(late)], timeout=SECONDS)
    return list(json.loads(output))


def test_a_slash_at_the_end_of_the_host_is_ignored() -> None:
    paths = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        paths.append(request.path)
        request.rfile.read(int(request.headers["Content-Length"]))
        respond(request, RIGHT)

    with http_server(handle) as url:
        one_request(f"{url}/", 0.0)
    assert paths == ["/predict"]


def test_a_late_request_is_timed_from_its_due_time() -> None:
    with serving(lambda: RIGHT) as service:
        prompt, _, _ = one_request(service, 0.0)
        late, delay, wrong = one_request(service, 5.0)
    assert prompt < 5
    assert late >= delay >= 5
    assert not wrong


def test_an_answer_without_content_is_wrong() -> None:
    with serving(lambda: None) as service:
        assert one_request(service, 0.0)[2] == 1


def test_metrics_for_prometheus_only_grow(service: str, tmp_path: Path) -> None:
    locustfile = subprocess.check_output(
        [sys.executable, "-m", "ml_workshop", "locustfile"], text=True
    ).strip()
    ui = f"http://127.0.0.1:{free_port()}"
    port = ui.rpartition(":")[2]
    options = ("--locustfile", locustfile, "--host", service, "--web-host", "127.0.0.1", "--web-port", port)
    with started(sys.executable, "-m", "locust", *options, log=tmp_path / "log"):
        seen = [wait_for(lambda: exposed(f"{ui}/metrics"))]
        assert seen[0] == {("locust_users", frozenset()): 0}
        for page in ("swarm", "user"):
            with pytest.raises(urllib.error.HTTPError, match="400"):
                post(f"{ui}/{page}", user_count=5, spawn_rate=5, host=f"http://127.0.0.1:{free_port()}")
        for _ in range(2):
            post(f"{ui}/swarm", user_count=5, spawn_rate=5, host=service)
            more = total(seen[-1], "locust_requests_total") + 20

            def after_more_requests(enough: float = more) -> Samples | None:
                samples = exposed(f"{ui}/metrics")
                return samples if total(samples, "locust_requests_total") >= enough else None

            seen.append(wait_for(after_more_requests))
            post(f"{ui}/stop")
            post(f"{ui}/stats/reset")
            seen.append(exposed(f"{ui}/metrics"))
    for earlier, later in pairwise(seen):
        assert all(later[key] >= value for key, value in counters(earlier).items())
    assert [samples["locust_users", frozenset()] for samples in seen] == [0, 5, 0, 5, 0]
    assert total(seen[4], "locust_request_failures_total") == 0
    names = {dict(labels).get("name") for name, labels in seen[4] if name != "locust_users"}
    assert names == {"/predict", "/predict (batch)"}
    last = seen[4]
    assert total(last, "locust_response_time_seconds_count") == total(last, "locust_requests_total")
    assert total(last, "locust_response_time_seconds_sum") > 0


def test_a_run_stopped_in_the_web_ui_is_refused(service: str, tmp_path: Path) -> None:
    ui = f"http://127.0.0.1:{free_port()}"
    options = ("--web-port", ui.rpartition(":")[2], "--minimum-requests", 1, "--ramp", 0)
    command = ("load-test", "--host", service, "--output-dir", tmp_path, *options)
    with started(sys.executable, "-m", "ml_workshop", *command, log=tmp_path / "log") as process:
        wait_for(lambda: total(exposed(f"{ui}/metrics"), "locust_requests_total") > 20)
        post(f"{ui}/stop")
        assert process.wait(SECONDS) == 3
    last = (tmp_path / "log").read_text().splitlines()[-1]
    assert last.startswith("ml-workshop: The run was stopped before its end.")
