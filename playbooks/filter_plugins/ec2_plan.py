"""Filters of playbooks/ec2_*.yml: checks of settings, hosts, security group rules, costs, conflicts.

`settings` is `__ec2_settings` of group_vars/all/ec2.yml; its values may be strings.
`instances` are those of amazon.aws.ec2_instance_info.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

HOURS_PER_MONTH = 730
MOST_INSTANCES_A = 9


def as_networks(value: str | Iterable[str]) -> list[str]:
    """Return the networks of a list, or of a string that separates them by commas or spaces."""
    parts = re.split(r"[\s,]+", value) if isinstance(value, str) else [str(part) for part in value]
    return [part.strip() for part in parts if part.strip()]


def _whole_number(name: str, value: object, lowest: int, highest: int) -> list[str]:
    if re.fullmatch(r"\d+", str(value)) and lowest <= int(str(value)) <= highest:
        return []
    return [f"{name} is '{value}'; set it to a whole number from {lowest} to {highest}."]


def _network_errors(name: str, value: str | Iterable[str]) -> list[str]:
    errors = []
    for network in as_networks(value):
        try:
            ipaddress.IPv4Network(network)
        except ValueError as error:
            errors.append(
                f"{name}: '{network}' is not an IPv4 network ({error}); "
                f"set {name} to networks such as 203.0.113.7/32 or 203.0.113.0/24."
            )
    return errors


def _region_errors(region: str) -> list[str]:
    try:
        import boto3  # type: ignore[import-untyped]
    except ImportError:
        return ["The Python package boto3 is missing; run `make venv`, then `source .venv/bin/activate`."]
    if not region:
        return ["No region is set; set the environment variable AWS_REGION, for example to eu-central-1."]
    session = boto3.session.Session()
    known = [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("ec2", partition_name=partition)
    ]
    if region in known:
        return []
    return [
        f"The region '{region}' is unknown to boto3 {boto3.__version__}; "
        "set AWS_REGION to a region such as eu-central-1, or upgrade boto3 for a newer region."
    ]


def settings_errors(settings: Mapping[str, Any]) -> list[str]:
    """Return one sentence per setting that is wrong, each with what to set."""
    site, public_key = str(settings["site"]), Path(str(settings["public_key"]))
    errors = _region_errors(str(settings["region"]))
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,18}[a-z0-9]", site):
        errors.append(
            f"The name of the site is '{site}'; "
            "set EC2_SITE to 2 to 20 lower-case letters, digits and hyphens."
        )
    for name, variable in (("site", "EC2_SITE"), ("region", "AWS_REGION")):
        if settings[name] != settings[f"environment_{name}"]:
            errors.append(
                f"ec2_{name} is '{settings[name]}', "
                f"but the environment names '{settings[f'environment_{name}']}'; "
                f"set the environment variable {variable} instead, since the inventory reads only that."
            )
    if re.match(r"(?:a1|[a-z]+\d+g[a-z-]*)\.", str(settings["instance_type"])):
        errors.append(
            f"ec2_instance_type {settings['instance_type']} has an arm64 processor, "
            "which the roles do not support; set it to an x86_64 type such as t3.medium."
        )
    errors += _whole_number("ec2_instances_a", settings["instances_a"], 1, MOST_INSTANCES_A)
    errors += _whole_number("ec2_disk_gb", settings["disk_gb"], 20, 16384)
    errors += _whole_number("ec2_expire_hours", settings["expire_hours"], 0, 8760)
    errors += _network_errors("ec2_access_from", settings["access_from"])
    if settings["clients_from"] != settings["access_from"]:
        errors += _network_errors("ec2_clients_from", settings["clients_from"])
    if "0.0.0.0/0" in as_networks(settings["access_from"]) and not settings["allow_ssh_from_anywhere"]:
        errors.append(
            "ec2_access_from opens SSH to the whole internet (0.0.0.0/0); set it to your own network, "
            "for example 203.0.113.7/32, or set ec2_allow_ssh_from_anywhere=true."
        )
    if not public_key.is_file():
        errors.append(
            f"The public key {public_key} does not exist; create a key pair with `ssh-keygen -t ed25519`, "
            "or set ec2_public_key to the path of your public key."
        )
    elif not re.match(r"ssh-(ed25519|rsa) \S+", public_key.read_text(errors="replace")):
        errors.append(
            f"{public_key} is not a public key of type ssh-ed25519 or ssh-rsa, the types that EC2 imports; "
            "set ec2_public_key to the path of such a key (it ends in .pub)."
        )
    return errors


def hosts(settings: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the hosts that the settings describe.

    Each has `name` (in the inventory), `role` (its group) and `instance_name` (the tag Name).
    """
    names = [
        ("instance-a" + ("" if i == 1 else str(i)), "instance_a")
        for i in range(1, int(settings["instances_a"]) + 1)
    ]
    names.append(("instance-b", "instance_b"))
    if settings["gateway"]:
        names.append(("gateway-1", "gateway"))
    return [
        {"name": name, "role": role, "instance_name": f"{settings['site']}-{name}"} for name, role in names
    ]


def rules(
    access: Iterable[Mapping[str, Any]],
    group: str,
    networks: Mapping[str, list[str]],
    group_ids: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return the rules of one security group as amazon.aws.ec2_security_group takes them.

    Args:
        access: the services, as in group_vars/all/access.yml.
        group: the group of the inventory that the security group is for.
        networks: source -> IPv4 networks, for sources that are networks.
        group_ids: source -> id, for sources that are security groups; others are left out.
    """
    result: list[dict[str, Any]] = []
    for service in access:
        for source in service["from"] if group in service["hosts"] else ():
            if source in networks:
                peers = [{"cidr_ip": network} for network in networks[source]]
            else:
                peers = [{"group_id": group_ids[source]}] if source in group_ids else []
            for port in sorted({int(port) for port in service["ports"]}):
                for peer in peers:
                    rule = {"proto": "tcp", "from_port": port, "to_port": port, **peer}
                    if not any(rule.items() <= known.items() for known in result):
                        result.append(rule | {"rule_desc": source})
    return result


def cost_lines(
    planned: list[dict[str, str]], settings: Mapping[str, Any], prices: Mapping[str, Any]
) -> list[str]:
    """Return lines that estimate what the hosts cost per hour and month."""
    region, size = prices["regions"].get(settings["region"]), prices["sizes"].get(settings["instance_type"])
    if region is None or size is None:
        return [
            f"cost: no estimate for {settings['instance_type']} in {settings['region']}; see https://aws.amazon.com/ec2/pricing/"
        ]
    disk = int(settings["disk_gb"]) * region["disk"] / HOURS_PER_MONTH
    stopped = disk * len(planned)
    hour = stopped + len(planned) * (region["instance"] * size + prices["ipv4_address"])
    unit = prices["currency"]
    return [
        f"cost: about {hour:.2f} {unit} per hour, {hour * HOURS_PER_MONTH:.0f} {unit} per month; "
        f"stopped: {stopped * HOURS_PER_MONTH:.0f} {unit} per month "
        f"(estimate from on-demand prices of {prices['date']}, without tax and traffic)"
    ]


def _tag(instance: Mapping[str, Any], name: str) -> str:
    return str(instance.get("tags", {}).get(name, ""))


def instance_conflicts(instances: list[dict[str, Any]], settings: Mapping[str, Any]) -> list[str]:
    """Return one sentence per existing instance that does not fit the settings.

    Args:
        instances: those that exist and have the site's tags, or the name of a planned host.
        settings: the settings.
    """
    planned = {host["instance_name"] for host in hosts(settings)}
    conflicts = []
    for instance in instances:
        name, identity = _tag(instance, "Name"), instance["instance_id"]
        if (_tag(instance, "Project"), _tag(instance, "Site")) != ("ml-workshop", settings["site"]):
            conflicts.append(
                f"The instance {identity} is named {name}, but does not have the tags of this site; "
                "rename or terminate it, or set EC2_SITE to another name."
            )
        elif name not in planned:
            conflicts.append(
                f"The site has {name} ({identity}), which the settings do not describe; "
                "set ec2_instances_a and ec2_gateway as they were at its creation, "
                "or destroy the site and create it again."
            )
        elif instance["instance_type"] != settings["instance_type"]:
            conflicts.append(
                f"{name} ({identity}) is a {instance['instance_type']}; set ec2_instance_type to that, "
                f"or destroy the site and create it again as {settings['instance_type']}."
            )
    return conflicts


def key_conflicts(keypairs: list[dict[str, Any]], public_key: str) -> list[str]:
    """Return a sentence when the key pair of the site's name holds another key than the file does."""
    wanted = public_key.split()[:2]
    return [
        f"The key pair {pair['key_name']} in EC2 holds another public key than ec2_public_key; "
        "set ec2_public_key to the key that it was made from, delete the key pair, "
        "or set EC2_SITE to another name."
        for pair in keypairs
        if str(pair.get("public_key", "")).split()[:2] != wanted
    ]


class FilterModule:
    """Filters for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filters."""
        return {
            "ec2_networks": as_networks,
            "ec2_settings_errors": settings_errors,
            "ec2_hosts": hosts,
            "ec2_rules": rules,
            "ec2_cost_lines": cost_lines,
            "ec2_instance_conflicts": instance_conflicts,
            "ec2_key_conflicts": key_conflicts,
        }
