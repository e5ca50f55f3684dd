"""Filters and module of the role firewall. What the kernel makes of the rules: molecule/firewall."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from ..role_module import load_module, run_module

PLUGINS = "ansible_collections.ml_workshop.workshop.plugins.filter"
RULESET = importlib.import_module(f"{PLUGINS}.firewall_ruleset")
HOST_RULES = importlib.import_module(f"{PLUGINS}.host_rules")
MODULE = load_module("checked_ruleset")
NETWORKS = {"operators": "203.0.113.0/24, 2001:db8::/32", "clients": []}
SSH = {"name": "SSH", "port": "22", "sources": ["operators"]}


def ruleset(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    result: dict[str, Any] = RULESET.firewall_ruleset(list(rules), NETWORKS, **more)
    return result


def test_rule_is_split_by_family_and_networks_are_collapsed() -> None:
    rules = ruleset(SSH | {"sources": "operators, 203.0.113.7, 198.51.100.1"})["rules"]
    assert [(rule["family"], rule["sources"]) for rule in rules] == [
        ("ip", ["198.51.100.1/32", "203.0.113.0/24"]),
        ("ip6", ["2001:db8::/32"]),
    ]


def test_name_of_a_host_becomes_its_addresses() -> None:
    rule = SSH | {"sources": ["monitor"]}
    assert ruleset(rule) == {"rules": [], "errors": [], "hosts": ["monitor"], "allowed": True}
    output = "10.0.0.5        STREAM monitor\n10.0.0.5        DGRAM\nfd00::5         STREAM\n"
    resolved = ruleset(rule, addresses={"monitor": output})
    assert [each["sources"] for each in resolved["rules"]] == [["10.0.0.5/32"], ["fd00::5/128"]]
    (error,) = ruleset(rule, addresses={"monitor": ""})["errors"]
    assert error.startswith('The host cannot resolve "monitor"')


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"port": 0}, 'has the port "0"; set its port to 1 to 65535.'),
        ({"port": "ssh"}, 'has the port "ssh"'),
        ({"protocol": "icmp"}, "set its protocol to tcp or udp."),
        ({"name": 'a" accept'}, "set its name to 1 to 100 characters."),
        ({"sources": ["10.0.0.0/33"]}, 'has the source "10.0.0.0/33"; set it to a network without host bits'),
        ({"sources": ["10.0.0.1/8"]}, 'has the source "10.0.0.1/8"'),
        ({"sources": ["10.0.0.256"]}, 'has the source "10.0.0.256"'),
        ({"sources": ["a b"]}, 'has the source "a b"'),
    ],
)
def test_invalid_rule_is_one_sentence(change: dict[str, Any], sentence: str) -> None:
    (error,) = ruleset(SSH | change)["errors"]
    assert sentence in error


@pytest.mark.parametrize(
    ("connection", "allowed"),
    [
        ("203.0.113.9 50000 10.0.0.1 22", True),
        ("::ffff:203.0.113.9 50000 ::ffff:10.0.0.1 22", True),
        ("2001:db8::1 50000 2001:db8::2 22", True),
        ("203.0.113.9 50000 10.0.0.1 2222", False),
        ("198.51.100.1 50000 10.0.0.1 22", False),
        ("fe80::1%eth0 50000 fe80::2%eth0 22", False),
        ("", True),
    ],
)
def test_connection_of_the_controller_needs_a_rule(connection: str, allowed: bool) -> None:
    assert ruleset(SSH, connection=connection)["allowed"] is allowed


def test_host_has_the_rules_of_its_groups() -> None:
    services = [
        {"service": "SSH", "ports": ["22"], "hosts": ["web", "monitoring"], "from": ["operators"]},
        {
            "service": "metrics",
            "ports": [9100, 8405],
            "hosts": ["web"],
            "from": ["monitoring", "absent", "web"],
        },
        {"service": "local", "ports": [9093], "hosts": ["web"], "from": []},
        {"service": "other", "ports": [1], "hosts": ["load"], "from": ["operators"]},
    ]
    addresses = {"monitoring": ["10.0.0.5"], "web": ["10.0.0.6", "10.0.0.5"]}
    assert HOST_RULES.host_rules(services, ["all", "web"], addresses) == [
        {"name": "SSH", "port": 22, "sources": ["operators"]},
        {"name": "metrics", "port": 9100, "sources": ["10.0.0.5", "10.0.0.6"]},
        {"name": "metrics", "port": 8405, "sources": ["10.0.0.5", "10.0.0.6"]},
    ]


class Host:
    """Commands of the module, on a host whose kernel has one table."""

    def __init__(self, path: Path) -> None:
        self.path, self.kernel, self.commands = path, "", list[str]()

    def __call__(self, _module: Any, command: list[str], **_: Any) -> tuple[int, str, str]:
        line = " ".join(command)
        if command[0] == "unshare":
            return 0, self.path.read_text(), ""
        if "list" in command:
            return 0, self.kernel, ""
        self.commands.append(line)
        if line == f"nft --file {self.path}":
            self.kernel = self.path.read_text()
        return 0, "", ""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    (tmp_path / "rules").write_text("new")
    host = Host(tmp_path / "rules")
    monkeypatch.setattr(MODULE.AnsibleModule, "run_command", lambda *a, **k: host(*a, **k))
    monkeypatch.setattr(MODULE.AnsibleModule, "get_bin_path", lambda *_, **__: "/usr/sbin/nft")
    return host


def run(
    host: Host, capsys: pytest.CaptureFixture[str], check: bool = False, **parameters: Any
) -> dict[str, Any]:
    given = {"path": host.path, "confirmed": host.path.with_name("confirmed"), **parameters}
    return run_module(MODULE, capsys, check, given)


def test_rules_are_applied_after_the_timer_has_started_and_kept_when_confirmed(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(host, capsys)["changed"]
    _, timer, load = host.commands
    assert timer.startswith("systemd-run --collect --unit=ml-workshop-firewall-rollback --on-active=30 ")
    assert timer.endswith("nft add table inet ml_workshop; delete table inet ml_workshop")
    assert load.startswith("nft --file")
    assert run(host, capsys, confirm=True)["changed"]
    assert host.commands[-1] == "systemctl stop ml-workshop-firewall-rollback.timer"
    assert host.path.with_name("confirmed").read_text() == "new"
    assert not run(host, capsys)["changed"]


def test_rollback_restores_the_confirmed_rules(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    confirmed = host.path.with_name("confirmed")
    confirmed.write_text("old")
    run(host, capsys)
    assert host.commands[1].endswith(f"nft --file {confirmed}")
    host.kernel = "old"  # the timer has fired
    failed = run(host, capsys, confirm=True)
    assert failed["failed"]
    assert "were rolled back" in failed["msg"]
    assert confirmed.read_text() == "old"


def test_check_mode_runs_nothing(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(host, capsys, check=True)
    assert result["changed"]
    assert result["diff"] == {"before": "", "after": "new"}
    assert host.commands == []
    host.path.unlink()
    assert run(host, capsys, check=True)["changed"]
