"""Filter: the firewall rules of one host, from a list of services and groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: host_rules
short_description: Select the firewall rules of one host
version_added: "1.0.0"
author: ml-workshop
description: Return rules for the role firewall from services, which name groups of the inventory.
positional: _group_names, _addresses
options:
  _input:
    description: >-
      Services with C(service), C(ports), C(hosts) (groups that have it) and C(from) (groups and networks that
      may connect).
    type: list
    elements: dict
    required: true
  _group_names:
    description: Groups of the host.
    type: list
    elements: str
    required: true
  _addresses:
    description: Addresses of the hosts of each group.
    type: dict
    required: true
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ services | ml_workshop.workshop.host_rules(['web'], {'monitoring': ['10.0.0.5']}) }}"
  vars:
    services: [{service: metrics, ports: [9100], hosts: [web], from: [monitoring]}]
"""

RETURN = r"""
_value:
  description: Rules with C(name), C(port) and C(sources).
  type: list
  elements: dict
"""

NETWORKS = ("operators", "clients")


def host_rules(
    services: list[dict[str, Any]], group_names: list[str], addresses: Mapping[str, list[str]]
) -> list[dict[str, Any]]:
    """Return the rules of a host; see DOCUMENTATION."""
    rules = []
    for service in services:
        if set(service["hosts"]).isdisjoint(group_names):
            continue
        sources: list[str] = []
        for source in service["from"]:
            sources += [source] if source in NETWORKS else addresses.get(source, [])
        if sources:
            rules += [
                {"name": service["service"], "port": int(port), "sources": list(dict.fromkeys(sources))}
                for port in service["ports"]
            ]
    return rules


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it by name."""
        return {"host_rules": host_rules}
