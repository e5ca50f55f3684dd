"""The comparison of playbooks/exposure.yml; molecule/firewall runs the playbook."""

import importlib.util
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location("exposure", ROOT / "playbooks/filter_plugins/exposure.py")
assert SPEC and SPEC.loader
EXPOSURE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(EXPOSURE)

SOCKETS = """\
LISTEN 0      4096         0.0.0.0:8000     0.0.0.0:*  users:(("haproxy",pid=10,fd=6),("haproxy",pid=9,fd=6))
LISTEN 0      4096               *:9100             *:*    users:(("node_exporter",pid=11,fd=3))
LISTEN 0      4096       127.0.0.1:9093       0.0.0.0:*
LISTEN 0      4096           [::1]:9093          [::]:*
"""


def rule(port: int, *sources: str) -> dict[str, Any]:
    return {"name": "x", "protocol": "tcp", "port": port, "family": "ip", "sources": sources}


HOSTS: dict[str, dict[str, Any]] = {
    "a": {
        "address": "10.0.0.1",
        "public_address": "203.0.113.1",
        "login": "198.51.100.9 50000 10.0.0.1 22",
        "sockets": SOCKETS,
        "rules": [rule(8000, "198.51.100.0/24", "10.0.0.2/32"), rule(9100, "10.0.0.2/32")],
        "listed": [{"name": "web", "port": "8000", "sources": "operators, 10.0.0.2"}],
        "services": [
            {
                "service": "inference",
                "role": "gateway",
                "ports": ["8000"],
                "hosts": ["web"],
                "credential": "API key",
            },
            {"service": "other", "role": "other", "ports": [9100], "hosts": ["load"], "credential": "none"},
        ],
        "groups": ["web"],
    },
    "b": {"address": "10.0.0.2", "public_address": "203.0.113.2", "login": "", "sockets": "", "rules": []}
    | {"listed": [], "services": [], "groups": []},
    "c": {"address": "10.0.0.3", "public_address": "203.0.113.3", "login": "", "sockets": "", "rules": []}
    | {"listed": [], "services": [], "groups": []},
}
EXPECTED: dict[str, Any] = {
    "controller": {"open": [["203.0.113.1", 8000]], "sources": {}},
    "b": {"open": [["10.0.0.1", 8000], ["10.0.0.1", 9100]], "sources": {"10.0.0.1": "10.0.0.2"}},
    "c": {"open": [], "sources": {"10.0.0.1": "10.0.0.3"}},
}


def test_targets_are_sockets_beyond_loopback_and_ports_of_rules() -> None:
    assert EXPOSURE.targets(HOSTS, "b") == [("10.0.0.1", 8000), ("10.0.0.1", 9100)]
    assert EXPOSURE.targets(HOSTS, "controller") == [("203.0.113.1", 8000), ("203.0.113.1", 9100)]
    assert EXPOSURE.targets(HOSTS, "a") == []


def test_what_the_rules_allow_is_no_difference() -> None:
    assert EXPOSURE.differences(HOSTS, EXPECTED) == []


def test_connection_without_a_rule_and_rule_without_a_connection_are_differences() -> None:
    found = EXPOSURE.differences(
        HOSTS,
        EXPECTED
        | {
            "controller": {"open": [["203.0.113.1", 9100]], "sources": {}},
            "c": EXPECTED["c"] | {"open": [["10.0.0.1", 9100]]},
        },
    )
    assert found == [
        "controller cannot connect to port 8000 of a (haproxy), which a rule allows.",
        "controller can connect to port 9100 of a (node_exporter), which no rule allows.",
        "c can connect to port 9100 of a (node_exporter), which no rule allows.",
    ]


def test_table_has_role_service_socket_sources_and_credential() -> None:
    header, *rows = [line.split("  ") for line in EXPOSURE.table(HOSTS, EXPECTED)]
    assert [[cell.strip() for cell in row if cell.strip()] for row in rows] == [
        ["a", "gateway", "inference", "0.0.0.0:8000", "operators, b", "API key", "controller, b"],
        ["a", "-", "-", "127.0.0.1:9093", "this host", "-", "-"],
        ["a", "-", "-", "[::1]:9093", "this host", "-", "-"],
        ["a", "-", "node_exporter", "*:9100", "this host", "-", "b"],
    ]
    assert [cell.strip() for cell in header if cell.strip()] == list(EXPOSURE.COLUMNS)


def test_connect_finds_what_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        port, other = server.getsockname()[1], closed.getsockname()[1]
        closed.close()
        targets = [["127.0.0.1", port], ["127.0.0.1", other]]
        script = (ROOT / "playbooks/files/connect.py").read_text()
        run = subprocess.run(
            [sys.executable, "-c", script, json.dumps(targets)], capture_output=True, text=True, check=True
        )
    assert json.loads(run.stdout) == {
        "open": [["127.0.0.1", port]],
        "sources": {"127.0.0.1": "127.0.0.1"},
    }
