"""Security groups as rules of netfilter."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One inbound permission: TCP ports from one network (CIDR)."""

    network: str
    first_port: int
    last_port: int


def restore_text(rules: Iterable[Rule]) -> str:
    """Return the input of iptables-restore: drop what comes in, except rules, loopback and answers."""
    lines = [
        "*filter",
        ":INPUT DROP [0:0]",
        ":FORWARD ACCEPT [0:0]",
        ":OUTPUT ACCEPT [0:0]",
        "-A INPUT -i lo -j ACCEPT",
        "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    ]
    lines += [
        f"-A INPUT -s {rule.network} -p tcp -m tcp --dport {rule.first_port}:{rule.last_port} -j ACCEPT"
        for rule in rules
    ]
    return "\n".join([*lines, "COMMIT", ""])


def apply(pid: int, rules: Iterable[Rule]) -> None:
    """Replace the rules in the network namespace of a process.

    Raises:
        subprocess.CalledProcessError: iptables refused the rules.
    """
    command = ["nsenter", "-t", str(pid), "-n", "iptables-restore"]
    subprocess.run(command, input=restore_text(rules), text=True, check=True, capture_output=True, timeout=30)
