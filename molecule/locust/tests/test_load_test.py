"""A person opens the web UI, starts a run and stops it."""

import json
import re
import time
from typing import Any

import pytest
from testinfra.host import Host

UI = "http://127.0.0.1:8089"
DEADLINE_SECONDS = 60


def statistics(host: Host) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(host.check_output("curl --silent --fail %s/stats/requests", UI))
    return said


def served(host: Host) -> float:
    """Return how many POST requests the inference service has answered, by its own count."""
    lines = host.check_output("curl --silent --fail http://127.0.0.1:8000/metrics").splitlines()
    counters = [
        line for line in lines if line.startswith("flask_http_request_total") and 'method="POST"' in line
    ]
    return sum(float(line.rsplit(" ", 1)[1]) for line in counters)


def exported(host: Host, name: str) -> float:
    """Return the sum of a metric over its series, as Prometheus would read it from the web UI."""
    lines = host.check_output("curl --silent --fail %s/metrics", UI).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(rf"{name}[ {{]", line))


def wait_until(host: Host, what: str, condition: Any) -> dict[str, Any]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        said = statistics(host)
        if condition(said):
            return said
    pytest.fail(f"not {what} within {DEADLINE_SECONDS} s: {said}")


def test_service_runs_sandboxed_and_at_boot(host: Host) -> None:
    service = host.service("locust")
    assert service.is_running
    assert service.is_enabled
    assert host.run("systemd-analyze security --threshold=20 locust.service").rc == 0
    assert host.check_output("ps -o user:20= -C locust").split()[0] == "ml-workshop"


def test_nothing_is_sent_before_somebody_starts_a_run(host: Host) -> None:
    assert statistics(host)["state"] == "ready"
    assert statistics(host)["user_count"] == 0


def test_a_run_starts_reaches_the_service_and_stops(host: Host) -> None:
    before = served(host)
    host.check_output(
        "curl --silent --fail --data 'user_count=4&spawn_rate=4&host=http://127.0.0.1:8000' %s/swarm", UI
    )
    running = wait_until(host, "50 requests", lambda said: said["stats"][-1]["num_requests"] >= 50)
    assert running["user_count"] == 4
    host.check_output("curl --silent --fail --request POST %s/stop", UI)
    stopped = wait_until(host, "stopped", lambda said: said["state"] == "stopped" and said["user_count"] == 0)
    assert stopped["fail_ratio"] == 0
    assert served(host) - before >= stopped["stats"][-1]["num_requests"]
    assert exported(host, "locust_requests_total") >= stopped["stats"][-1]["num_requests"]
    assert exported(host, "locust_request_failures_total") == 0
    assert exported(host, "locust_users") == 0
