"""Listening sockets of a running site, and the access rules (group_vars/all/access.yml)."""

import importlib.util
from pathlib import Path

from testinfra.host import Host

FILTERS = Path(__file__).parents[3] / "playbooks/filter_plugins/exposure.py"
SPEC = importlib.util.spec_from_file_location("exposure", FILTERS)
assert SPEC
assert SPEC.loader
EXPOSURE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(EXPOSURE)

SYSTEM = ("127.0.0.11:", "127.0.0.53%lo:", "127.0.0.54:", "127.0.0.1:containerd")
"""Name servers of Docker and of systemd-resolved, and containerd's stream server, by address and program."""


def test_every_listening_socket_has_an_access_rule(host: Host) -> None:
    groups = set(host.ansible.get_variables()["group_names"])
    rules = {
        int(port): rule
        for rule in host.ansible("debug", "var=access_rules")["access_rules"]
        if groups & set(rule["hosts"])
        for port in rule["ports"]
    }
    unknown = []
    for protocol in ("tcp", "udp"):
        output = host.check_output(f"ss --no-header --listening --numeric --processes --{protocol}")
        for address, port, program in EXPOSURE.sockets(output):
            rule = rules.get(port) if protocol == "tcp" else None
            if rule:
                access = f"{', '.join(rule['from']) or 'this host'}; credential: {rule['credential']}"
                print(f"{rule['role']}: {rule['service']} at {address}:{port} ({program}): {access}")
            elif not f"{address}:{program}".startswith(SYSTEM):
                unknown.append(f"{protocol} {address}:{port} ({program})")
    assert unknown == []
