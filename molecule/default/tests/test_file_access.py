"""Files that the services of a running site can write and read.

../check_security.yml runs it.
"""

import functools
import shlex
from dataclasses import dataclass

import pytest
from testinfra.host import Host

STATE = "/var/lib/ml-workshop"
SLOTS = ["/run/inference-blue", "/run/inference-green"]

WRITES = {
    "ml-workshop-trainer": [f"{STATE}/training", f"{STATE}/registry"],
    "ml-workshop-inference": [f"{STATE}/models", *SLOTS],
    "ml-workshop-prometheus": [f"{STATE}/prometheus"],
    "ml-workshop-alertmanager": [f"{STATE}/alertmanager"],
    "haproxy": ["/run/haproxy", "/var/lib/haproxy"],
}
"""Directories that each user may write, with all that is in them."""

CONNECTS = {"ml-workshop-inference": SLOTS, "haproxy": ["/run/haproxy", *SLOTS]}
"""Directories whose sockets each user may connect to."""

READS = {
    "ml-workshop-prometheus": ["/etc/ml-workshop/prometheus"],
    "ml-workshop-alertmanager": ["/etc/ml-workshop/alertmanager"],
    "ml-workshop-node-exporter": [f"/etc/ml-workshop/node_exporter.{name}" for name in ("web.yml", "pem")],
    "haproxy": ["/etc/haproxy"],
}
"""Configuration that each user may read; the credentials of its own units come on top."""

PUBLIC = [
    f"/etc/ml-workshop/{name}"
    for name in (
        *("deploy.json", "slots", "firewall", "model_verify_key.pem", "prometheus_ca.crt"),
        *("grafana/dashboards", "grafana/provisioning", "grafana/ca.crt"),
    )
]
SECRET = ["/etc/ml-workshop"]
SECRET += [f"/etc/haproxy/{name}" for name in ("haproxy.cfg", "api_keys.map", "tls.pem", "metrics.pem")]
SECRET += ["/run/credentials", f"{STATE}/last_healthy", "/root"]
ROOT_UNITS = {"ml-workshop-firewall.service", "nftables.service"}
EVERYBODY_WRITES = ["/tmp", "/var/tmp", "/run/lock", "/run/user"]  # noqa: S108


@dataclass(frozen=True)
class Unit:
    """A unit of the site, and the identity of its processes."""

    name: str
    user: str
    group: str
    groups: str

    def find(self, host: Host, paths: list[str], expression: str) -> list[str]:
        """Return the files of these paths that match, as the unit's processes see them."""
        roots = " ".join(map(shlex.quote, paths))
        identity = f"setpriv --reuid={self.user} --regid={self.group} --groups={self.groups}"
        # A directory that the user cannot enter is an error of find.
        return host.run(f"{identity} find {roots} {expression} -print 2>/dev/null").stdout.splitlines()


@functools.cache
def units(host: Host) -> list[Unit]:
    """Return the units that the roles have written, templates as both slots."""
    mark = "'Managed by Ansible (ml-workshop)'"
    files = host.check_output(
        f"grep -rl {mark} /etc/systemd/system --include=*.service --include=*.conf"
    ).splitlines()
    names = []
    for file in files:
        name = file.removeprefix("/etc/systemd/system/").split("/")[0].removesuffix(".d")
        names += [name.replace("@", f"@{slot}") for slot in ("blue", "green")] if "@." in name else [name]
    found = []
    for name in sorted(set(names)):
        show = host.check_output(
            f"systemctl show --property=User,Group,SupplementaryGroups {name}"
        ).splitlines()
        values = dict(line.split("=", 1) for line in show)
        user = values["User"]
        if not user:
            found.append(Unit(name, "root", "root", "0"))
            continue
        group = values["Group"] or host.check_output(f"id -gn {user}")
        ids = host.check_output(f"id -G {user}").split()
        ids += [str(host.group(extra).gid) for extra in values["SupplementaryGroups"].split()]
        found.append(Unit(name, user, group, ",".join(ids)))
    return found


def outside(paths: list[str], allowed: list[str]) -> list[str]:
    """Return the paths that are not in the allowed directories."""
    return [
        path
        for path in paths
        if not any(path == directory or path.startswith(f"{directory}/") for directory in allowed)
    ]


def test_no_service_runs_as_root_and_each_has_a_user_of_its_own(host: Host) -> None:
    roles: dict[str, set[str]] = {}
    for unit in units(host):
        if unit.name not in ROOT_UNITS:
            roles.setdefault(unit.user, set()).add(unit.name.split(".")[0].split("@")[0].split("-")[0])
    assert "root" not in roles
    assert {user: names for user, names in roles.items() if len(names) > 1} == {}
    assert len(roles) >= 3


@pytest.mark.parametrize("kind", ["! -type l ! -type s -writable", "-type s -writable"])
def test_services_write_their_own_state_only(host: Host, kind: str) -> None:
    sockets = "-type s" in kind and "!" not in kind
    # Sockets of the operating system, such as that of D-Bus, are for everybody.
    roots = ["/run/haproxy", *SLOTS] if sockets else ["/", "/run"]
    pruned = " -o ".join(f"-path {path}" for path in ["/proc", "/sys", "/dev", *EVERYBODY_WRITES])
    table = CONNECTS if sockets else WRITES
    found = {
        unit.name: outside(
            unit.find(host, roots, f"-xdev \\( {pruned} \\) -prune -o {kind}"), table.get(unit.user, [])
        )
        for unit in units(host)
        if unit.user != "root"
    }
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_services_read_their_own_secrets_only(host: Host) -> None:
    found = {}
    for unit in units(host):
        same_user = [f"/run/credentials/{other.name}" for other in units(host) if other.user == unit.user]
        allowed = [*PUBLIC, *READS.get(unit.user, []), *same_user]
        if unit.user != "root":
            found[unit.name] = outside(unit.find(host, SECRET, "-type f -readable"), allowed)
    assert {name: paths for name, paths in found.items() if paths} == {}
