"""A run is started in the master's web UI; workers on three hosts generate the load."""

import json
import re
import shlex
import time
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

testinfra_hosts = ["ansible://test-locust"]

UI = "http://127.0.0.1:8089"
LOGIN = "admin:correct-horse-battery"
CURL = f"curl --silent --fail --user {LOGIN}"
DEADLINE_SECONDS = 60
USERS = 8
PROCESSES = {"test-locust": 1, "test-locust-worker": 1, "test-locust-worker2": 2}


def statistics(host: Host) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(host.check_output(f"{CURL} %s/stats/requests", UI))
    return answer


def count_served(host: Host) -> float:
    """Return how many POST requests the inference service has answered, by its own metrics."""
    lines = host.check_output("curl --silent --fail http://127.0.0.1:8000/metrics").splitlines()
    counters = [
        line for line in lines if line.startswith("flask_http_request_total") and 'method="POST"' in line
    ]
    return sum(float(line.rsplit(" ", 1)[1]) for line in counters)


def metric(host: Host, name: str) -> float:
    """Return the sum of a metric over its series, as Prometheus reads it from the web UI."""
    lines = host.check_output(f"{CURL} %s/metrics", UI).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(rf"{name}[ {{]", line))


def wait_for(description: str, condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
    pytest.fail(f"not within {DEADLINE_SECONDS} s: {description}")


def workers(host: Host) -> list[dict[str, Any]]:
    """Return the workers that the master counts, each with the name of its host."""
    connected = [worker for worker in statistics(host)["workers"] if worker["state"] != "missing"]
    return [worker | {"host": worker["id"].rsplit("_", 1)[0]} for worker in connected]


def count_processes(host: Host) -> dict[str, int]:
    hosts = [worker["host"] for worker in workers(host)]
    return {name: hosts.count(name) for name in sorted(set(hosts))}


@pytest.mark.parametrize("unit", ["locust", "locust-worker"])
def test_services_run_sandboxed_and_at_boot(host: Host, unit: str) -> None:
    service = host.service(unit)
    assert service.is_running
    assert service.is_enabled
    assert host.run("systemd-analyze security --threshold=20 %s.service", unit).rc == 0
    users = host.check_output("ps -o user:32= -C locust").split()
    assert set(users) == {"ml-workshop-locust"}


def test_master_counts_the_workers_of_all_hosts(host: Host) -> None:
    assert statistics(host)["state"] in ("ready", "stopped")
    assert statistics(host)["user_count"] == 0
    assert count_processes(host) == PROCESSES


def test_run_is_made_by_all_workers_and_counted_by_the_master(host: Host) -> None:
    served, exported = count_served(host), metric(host, "locust_requests_total")
    run = f"user_count={USERS}&spawn_rate={USERS}&host=http://test-locust:8000"
    host.check_output(f"{CURL} --data %s %s/swarm", run, UI)
    wait_for(
        "users on all workers", lambda: [worker["user_count"] for worker in workers(host)] == [2, 2, 2, 2]
    )
    wait_for("100 requests", lambda: statistics(host)["stats"][-1]["num_requests"] >= 100)
    host.check_output(f"{CURL} --request POST %s/stop", UI)
    wait_for("stopped", lambda: statistics(host)["state"] == "stopped" and not statistics(host)["user_count"])
    # Workers report every 3 s, and the page is cached for 2 s. A stop cuts off at most one request of each
    # user: answered, but not counted.
    answered = count_served(host) - served

    def all_counted() -> bool:
        counted = metric(host, "locust_requests_total") - exported
        return (
            answered - USERS <= counted <= answered
            and statistics(host)["stats"][-1]["num_requests"] == counted
        )

    wait_for("all requests counted", all_counted)
    assert statistics(host)["fail_ratio"] == 0
    assert metric(host, "locust_request_failures_total") == 0
    assert metric(host, "locust_users") == 0


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (f"{UI}/", 401),
        (f"--user admin:wrong {UI}/", 401),
        (f"--user {LOGIN} --header Origin:http://evil.example --data user_count=1 {UI}/swarm", 403),
        (f"--user {LOGIN} --data user_count=1&spawn_rate=1&host=http://evil.example {UI}/swarm", 400),
    ],
)
def test_missing_logins_and_other_services_are_refused(host: Host, options: str, status: int) -> None:
    command = "curl --silent --output /dev/null --write-out %{http_code}"
    arguments = " ".join(shlex.quote(option) for option in options.split())
    assert host.check_output(f"{command} {arguments}") == str(status)
    assert statistics(host)["user_count"] == 0


def test_the_password_is_in_root_s_file_alone(host: Host) -> None:
    file = host.file("/etc/ml-workshop/locust_logins")
    assert (file.user, file.mode) == ("root", 0o600)
    found = host.run("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | grep --text --count correct-hors[e]")
    assert found.stdout.strip() == "0"


def test_workers_of_a_killed_service_register_again(host: Host) -> None:
    killed = {worker["id"] for worker in workers(host) if worker["host"] == "test-locust"}
    host.check_output("systemctl kill --signal=KILL locust-worker.service")
    wait_for(
        "new workers instead of those killed",
        lambda: (
            count_processes(host) == PROCESSES and not killed & {worker["id"] for worker in workers(host)}
        ),
    )
