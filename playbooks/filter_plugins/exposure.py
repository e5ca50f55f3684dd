"""Compare who may reach the hosts' sockets with who does; for playbooks/exposure.yml.

`hosts` has for each host: `address` (for other hosts), `public_address`, `login` (SSH_CONNECTION, empty
without SSH), `sockets` (output of ss), `listed` (firewall_rules), `rules` (the same, resolved by
firewall_ruleset), `services` (access_rules) and `groups` (of the host). `connections` has for each source:
`open`, a list of [address, port], and `sources`, its own address by target address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.ml_workshop.workshop.plugins.filter.as_list import as_list
from ansible_collections.ml_workshop.workshop.plugins.filter.firewall_ruleset import allows

CONTROLLER = "controller"
COLUMNS = ("host", "role", "service", "socket", "may connect", "credential", "connects")


def sockets(output: str) -> list[tuple[str, int, str]]:
    """Return address, port and program of each socket in the output of ss."""
    found = []
    for line in output.splitlines():
        fields = line.split()
        address, _, port = fields[3].rpartition(":")
        program = re.search(r'users:\(\("([^"]+)"', line)
        entry = (address, int(port), program[1] if program else "-")
        if entry not in found:
            found.append(entry)
    return sorted(found, key=lambda entry: (entry[1], entry[0]))


def is_local(address: str) -> bool:
    """Return whether only the host itself can reach an address."""
    return address.startswith("127.") or address == "[::1]"


def listening(host: Mapping[str, Any]) -> dict[int, str]:
    """Return the programs by the ports that they have beyond the loopback interface."""
    return {port: program for address, port, program in sockets(host["sockets"]) if not is_local(address)}


def ports(host: Mapping[str, Any]) -> list[int]:
    """Return what can be open: the ports that have a listener or a rule."""
    return sorted(set(listening(host)) | {int(rule["port"]) for rule in host["rules"]})


def targets(hosts: Mapping[str, Any], source: str) -> list[tuple[str, int]]:
    """Return the addresses and ports that a host, or the controller, connects to."""
    return [
        (_address(host, source), port)
        for name, host in hosts.items()
        if name != source and (source != CONTROLLER or host["login"])
        for port in ports(host)
    ]


def _address(host: Mapping[str, Any], source: str) -> str:
    return str(host["public_address" if source == CONTROLLER else "address"])


def _pairs(
    hosts: Mapping[str, Any], connections: Mapping[str, Any]
) -> Iterator[tuple[str, str, int, bool, bool]]:
    """Yield source, name of the host, port, whether the source may connect, and whether it does."""
    for source, connection in connections.items():
        is_open = {(str(address), int(port)) for address, port in connection["open"]}
        for name, host in hosts.items():
            if name == source or (source == CONTROLLER and not host["login"]):
                continue
            address = _address(host, source)
            origin = connection["sources"].get(address, "")
            if source == CONTROLLER:
                origin = host["login"].split()[0]
            for port in ports(host):
                allowed = bool(origin) and allows(host["rules"], origin, port)
                yield source, name, port, allowed, (address, port) in is_open


def differences(hosts: Mapping[str, Any], connections: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each connection that works without a rule, or fails in spite of one."""
    found = []
    for source, name, port, allowed, is_open in _pairs(hosts, connections):
        program = listening(hosts[name]).get(port, "-")
        if is_open and not allowed:
            found.append(f"{source} can connect to port {port} of {name} ({program}), which no rule allows.")
        if allowed and not is_open and program != "-":
            found.append(
                f"{source} cannot connect to port {port} of {name} ({program}), which a rule allows."
            )
    return found


def table(hosts: Mapping[str, Any], connections: Mapping[str, Any]) -> list[str]:
    """Return one line per socket: who may connect, with which credential, and who does."""
    reached: dict[tuple[str, int], list[str]] = {}
    for source, name, port, _, is_open in _pairs(hosts, connections):
        reached.setdefault((name, port), []).extend([source] if is_open else [])
    names = {host["address"]: name for name, host in hosts.items()}
    rows = [COLUMNS]
    for name, host in hosts.items():
        services = {
            int(port): service
            for service in host["services"]
            if not set(service["hosts"]).isdisjoint(host["groups"])
            for port in service["ports"]
        }
        for address, port, program in sockets(host["sockets"]):
            listed = [rule for rule in host["listed"] if int(rule["port"]) == port and not is_local(address)]
            sources = [names.get(source, source) for rule in listed for source in as_list(rule["sources"])]
            other = {"role": "-", "service": listed[0]["name"] if listed else program, "credential": "-"}
            service = services.get(port, other)
            may = ", ".join(dict.fromkeys(sources)) or "this host"
            by = "-" if is_local(address) else ", ".join(reached.get((name, port), [])) or "-"
            shown = (service["role"], service["service"], f"{address}:{port}", may, service["credential"], by)
            rows.append((name, *shown))
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


class FilterModule:
    """Filters for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filters."""
        return {
            "exposure_targets": targets,
            "exposure_differences": differences,
            "exposure_table": table,
        }
