"""Filters: the nftables table for the rules of role firewall, and whether it accepts a connection."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.ml_workshop.workshop.plugins.filter.as_list import as_list

DOCUMENTATION = r"""
name: firewall_ruleset
short_description: Resolve the rules of a firewall
version_added: "1.0.0"
author: ml-workshop
description: >-
  Replace the names of networks and hosts in the sources of rules by their addresses, and check each rule.
positional: _networks, _addresses, _connection
options:
  _input:
    description: >-
      Rules with C(name), C(port), C(protocol) (tcp or udp, default tcp) and C(sources), a list of networks,
      addresses, names of C(_networks) and names of hosts.
    type: list
    elements: dict
    required: true
  _networks:
    description: Networks by name, each a list or a string.
    type: dict
    required: true
  _addresses:
    description: Output of C(getent ahosts NAME) by name of a host; without it names of hosts stay unresolved.
    type: dict
  _connection:
    description: Value of the environment variable C(SSH_CONNECTION), or an empty string.
    type: str
    default: ''
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ [{'name': 'SSH', 'port': 22, 'sources': ['operators']}]
             | ml_workshop.workshop.firewall_ruleset({'operators': ['203.0.113.0/24']}) }}"
"""

RETURN = r"""
_value:
  description: >-
    C(rules), one per family (ip, ip6) with C(name), C(protocol), C(port), C(family) and C(sources);
    C(errors), one sentence each; C(hosts), names that need an address; C(allowed), whether a new connection
    like C(_connection) would be let in.
  type: dict
"""

HOST_NAME = r"(?=.*[A-Za-z])[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"


def as_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return an address or a network without host bits, or None."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def firewall_ruleset(
    rules: list[dict[str, Any]],
    networks: Mapping[str, Any],
    addresses: Mapping[str, str] | None = None,
    connection: str = "",
) -> dict[str, Any]:
    """Return resolved rules and their errors; see DOCUMENTATION."""
    resolved: list[dict[str, Any]] = []
    errors: list[str] = []
    hosts: list[str] = []
    for rule in rules:
        found, unresolved, wrong = _sources(rule, networks, addresses)
        hosts += [host for host in unresolved if host not in hosts]
        errors += wrong
        errors += _errors(rule)
        for family, version in (("ip", 4), ("ip6", 6)):
            of_family = [network for network in found if network.version == version]
            collapsed = [str(network) for network in ipaddress.collapse_addresses(of_family)]
            if collapsed:
                resolved.append(
                    {
                        "name": rule.get("name", ""),
                        "protocol": rule.get("protocol", "tcp"),
                        "port": rule.get("port", 0),
                        "family": family,
                        "sources": collapsed,
                    }
                )
    client, _, _, port = (connection.split() + [""] * 4)[:4]
    allowed = not client or allows(resolved, client, int(port))
    return {"rules": resolved, "errors": errors, "hosts": hosts, "allowed": allowed}


def allows(rules: list[dict[str, Any]], address: str, port: int) -> bool:
    """Return whether resolved rules let a TCP connection from an address in."""
    source = ipaddress.ip_address(address.partition("%")[0])
    source = getattr(source, "ipv4_mapped", None) or source
    return any(
        rule["protocol"] == "tcp"
        and int(rule["port"]) == port
        and any(source in ipaddress.ip_network(network) for network in rule["sources"])
        for rule in rules
    )


def _errors(rule: Mapping[str, Any]) -> list[str]:
    name, port, protocol = rule.get("name", ""), str(rule.get("port", "")), rule.get("protocol", "tcp")
    checks = (
        (re.fullmatch(r'[^"\\\n]{1,100}', name), f'has the name "{name}"', "name", "1 to 100 characters"),
        (port.isdecimal() and 0 < int(port) < 65536, f'has the port "{port}"', "port", "1 to 65535"),
        (protocol in ("tcp", "udp"), f'has the protocol "{protocol}"', "protocol", "tcp or udp"),
    )
    return [
        f'A rule of firewall_rules ("{name}") {fault}; set its {key} to {to}.'
        for ok, fault, key, to in checks
        if not ok
    ]


def _sources(
    rule: Mapping[str, Any], networks: Mapping[str, Any], addresses: Mapping[str, str] | None
) -> tuple[list[Any], list[str], list[str]]:
    """Return networks, names of hosts without an address, and errors."""
    found, unresolved, errors = [], [], []
    named = f'firewall_rules ("{rule.get("name", "")}")'
    for source in as_list(rule.get("sources", [])):
        for text in as_list(networks[source]) if source in networks else [str(source)]:
            network = as_network(text)
            if network is not None:
                found.append(network)
            elif source in networks:
                pass  # the variable of that name has its own check
            elif not re.fullmatch(HOST_NAME, text):
                errors.append(
                    f'{named} has the source "{text}"; set it to a network without host bits such as '
                    "203.0.113.0/24 or 2001:db8::/32, to an address, or to the name of a host."
                )
            elif addresses is None:
                unresolved.append(text)
            elif not addresses.get(text, "").strip():
                errors.append(
                    f'The host cannot resolve "{text}", a source of {named}; '
                    "set private_address of that host, or the source, to an address."
                )
            else:
                lines = addresses[text].split("\n")
                found += [network for line in lines if line and (network := as_network(line.split()[0]))]
    return found, unresolved, errors


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it by name."""
        return {"firewall_ruleset": firewall_ruleset}
