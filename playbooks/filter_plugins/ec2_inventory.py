"""Describe existing instances: as the hosts of a static inventory, and as a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

MARK = "# Hosts written by playbooks/ec2_*.yml for the site "
GROUPS = ("instance_a", "instance_b", "gateway")


def _name(instance: Mapping[str, Any]) -> str:
    return str(instance.get("tags", {}).get("Host", ""))


def by_name(instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort instances by the name of the host, numbers by value."""
    return sorted(instances, key=lambda item: [(len(part), part) for part in re.split(r"(\d+)", _name(item))])


def _host_line(instance: Mapping[str, Any]) -> str:
    if "public_ip_address" not in instance:
        return f"{_name(instance)} ansible_host=ADDRESS_AFTER_EC2_START"
    addresses = instance["public_ip_address"], instance["private_ip_address"]
    return "{} ansible_host={} private_address={}".format(_name(instance), *addresses)


def _setting(text: str, name: str, value: str) -> str:
    if re.search(rf"(?m)^{name}=", text):
        return re.sub(rf"(?m)^{name}=.*$", lambda _match: f"{name}={value}", text)
    return re.sub(r"(?m)^\[all:vars\]$", lambda _match: f"[all:vars]\n{name}={value}", text, count=1)


def static_inventory(
    text: str, instances: list[dict[str, Any]], site: str, user: str, private_key: str
) -> str:
    """Return the text of a static inventory with the hosts replaced; settings and comments stay.

    Args:
        text: the inventory as it is, in the form of inventory/aws.ini.
        instances: the site's instances; without any, placeholders take the place of the addresses.
        site: name of the site.
        user: login user.
        private_key: path of the private key.
    """
    hosts: dict[str, list[str]] = {group: [] for group in GROUPS}
    for instance in by_name(instances):
        hosts[instance["tags"]["Role"]].append(_host_line(instance))
    if not instances:
        hosts["instance_a"] = ["instance-a ansible_host=ADDRESS_OF_INSTANCE_A"]
        hosts["instance_b"] = ["instance-b ansible_host=ADDRESS_OF_INSTANCE_B"]
    preamble, *sections = re.split(r"(?m)^(?=\[)", re.sub(rf"(?m)^{re.escape(MARK)}.*\n", "", text))
    others = [section for section in sections if section[1 : section.index("]")] not in GROUPS]
    written = ["\n".join([f"[{group}]", *lines, "", ""]) for group, lines in hosts.items() if lines]
    mark = f"{MARK}{site}\n" if instances else ""
    text = mark + preamble + "".join(written + others)
    return _setting(_setting(text, "ansible_user", user), "ansible_ssh_private_key_file", private_key)


def holds_other_hosts(text: str) -> bool:
    """Return whether the file has addresses that were filled in by hand, which must be kept."""
    return MARK not in text and bool(re.search(r"(?m)^(?!.*ADDRESS_)[^;#\n]*\bansible_host=\S", text))


def table(instances: list[dict[str, Any]]) -> list[str]:
    """Return one line per instance: host, id, type, state, public and private address, when it expires."""
    rows = [("host", "instance", "type", "state", "public address", "private address", "expires")]
    rows += [
        (
            _name(item),
            str(item["instance_id"]),
            str(item["instance_type"]),
            str(item["state"]["name"]),
            str(item.get("public_ip_address") or "-"),
            str(item.get("private_ip_address") or "-"),
            str(item.get("tags", {}).get("Expires", "never")),
        )
        for item in by_name(instances)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


class FilterModule:
    """Filters for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filters."""
        return {
            "ec2_by_name": by_name,
            "ec2_static_inventory": static_inventory,
            "ec2_holds_other_hosts": holds_other_hosts,
            "ec2_table": table,
        }
