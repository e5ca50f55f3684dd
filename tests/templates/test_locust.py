"""Units of the role locust in its three modes. Values behind -e are strings, so they are given as strings."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT

Render = Callable[..., str]
WORKER = {"locust_mode": "worker", "locust_master_host": "10.0.0.5"}


def environment(unit: str) -> dict[str, str]:
    lines = re.findall(r'^Environment="?([A-Z_]+)=(.*?)"?$', unit, re.MULTILINE)
    return dict(lines)


@pytest.mark.parametrize(
    ("mode", "units"),
    [("standalone", ["locust"]), ("master", ["locust", "locust-worker"]), ("worker", ["locust-worker"])],
)
def test_each_mode_has_its_units(evaluate: Callable[..., Any], mode: str, units: list[str]) -> None:
    assert evaluate("locust", "__locust_units", locust_mode=mode) == units
    others = evaluate("locust", "__locust_other_units", locust_mode=mode)
    assert sorted(units + others) == ["locust", "locust-worker"]


@pytest.mark.parametrize(("processes", "expected"), [("0", "-1"), (0, "-1"), ("4", "4")])
def test_workers_use_the_master_and_the_number_of_processes(
    render: Render, processes: str, expected: str
) -> None:
    unit = render(
        "locust",
        "locust-worker.service.j2",
        **WORKER,
        locust_master_port="5600",
        locust_processes=processes,
    )
    assert "exec locust --worker " in unit
    values = environment(unit)
    assert values["LOCUST_MASTER_NODE_HOST"] == "10.0.0.5"
    assert values["LOCUST_MASTER_NODE_PORT"] == "5600"
    assert values["LOCUST_PROCESSES"] == expected


def test_workers_on_the_master_s_host_use_the_loopback_address(render: Render) -> None:
    unit = render("locust", "locust-worker.service.j2", locust_mode="master")
    assert environment(unit)["LOCUST_MASTER_NODE_HOST"] == "127.0.0.1"
    assert "PartOf=locust.service" in unit
    assert "PartOf=" not in render("locust", "locust-worker.service.j2", **WORKER)


def test_memory_follows_users_and_processes(render: Render) -> None:
    unit = render(
        "locust", "locust-worker.service.j2", **WORKER, locust_processes="4", locust_users_max="2000"
    )
    assert "MemoryMax=1624M" in unit


def test_only_a_master_listens_for_workers(render: Render) -> None:
    master = render("locust", "locust.service.j2", locust_mode="master", locust_master_port="5600")
    assert "exec locust --master " in master
    assert environment(master)["LOCUST_MASTER_BIND_PORT"] == "5600"
    standalone = render("locust", "locust.service.j2")
    assert "exec locust --locustfile " in standalone
    assert "LOCUST_MASTER" not in standalone
    assert "AF_NETLINK" not in standalone


@pytest.mark.parametrize(("date", "found"), [("-1 hour", False), ("-1 second", True), ("+1 hour", False)])
def test_only_a_file_changed_since_the_start_restarts_a_service(
    date: str, found: bool, tmp_path: Path
) -> None:
    preflight = (ROOT / "roles/locust/tasks/preflight.yml").read_text()
    (options,) = re.findall(r'-newermt "\$since".*(?=\)")', preflight)
    script = f"cd $0; touch --date='{date}' file; since='-1 minute'; find file {options}"
    output = subprocess.check_output(["bash", "-c", script, tmp_path], text=True)
    assert (output == "file\n") is found


def test_new_release_restarts_all_services(evaluate: Callable[..., Any]) -> None:
    inspection = {"stdout": "main_pid=7\ncurrent=locust\ncurrent=locust-worker"}

    def outdated(changed: str) -> list[str]:
        return evaluate(
            "locust", "__locust_outdated",
            locust_mode="master", locust_release_changed=changed, __locust_inspection=inspection,
        )  # fmt: skip

    assert outdated("false") == []
    assert outdated("true") == ["locust", "locust-worker"]


def test_https_needs_a_certificate(render: Render, evaluate: Callable[..., Any]) -> None:
    assert "TLS" not in render("locust", "locust.service.j2")
    unit = render("locust", "locust.service.j2", locust_tls_certificate="/host.crt")
    assert "LoadCredential=tls:/etc/ml-workshop/locust.pem" in unit
    assert environment(unit)["LOCUST_TLS_CERT"].startswith("/run/credentials/locust.service/tls ")
    assert evaluate("locust", "__locust_url", locust_tls_certificate="x") == "https://127.0.0.1:8089"
