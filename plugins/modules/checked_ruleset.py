#!/usr/bin/python
"""Ansible module: apply an nftables table; restore the previous one unless a new connection confirms it."""

from __future__ import annotations

import shlex
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
---
module: checked_ruleset
short_description: Apply an nftables table, with a rollback unless it is confirmed
description:
  - Loads a file that replaces one table of nftables, if the table in the kernel or the confirmed file is
    another one. A transient systemd timer restores the confirmed file, or removes the table without one.
  - With O(confirm), stops that timer and makes the file the confirmed one. Confirm over a connection that was
    opened after the first call.
version_added: "1.0.0"
author: ml-workshop
attributes:
  check_mode:
    support: full
options:
  table:
    description: Family and name of the table.
    type: str
    default: inet ml_workshop
  path:
    description: File for C(nft -f) that replaces the table.
    type: path
    required: true
  confirmed:
    description: Where the module keeps the confirmed file.
    type: path
    required: true
  timeout:
    description: Seconds until the rollback.
    type: int
    default: 30
  confirm:
    description: Confirm what the first call has applied.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Apply the rules
  ml_workshop.workshop.checked_ruleset:
    path: /etc/ml-workshop/firewall/rules.nft
    confirmed: /etc/ml-workshop/firewall/confirmed.nft
"""

RETURN = r"""
diff:
  description: The table before and after.
  type: dict
  returned: success
"""

UNIT = "ml-workshop-firewall-rollback"


class Ruleset:
    """A table of nftables and the file that describes it."""

    def __init__(self, module: AnsibleModule) -> None:
        """Store the module's parameters."""
        self.module = module
        self.table: str = module.params["table"]
        self.path, self.confirmed = Path(module.params["path"]), Path(module.params["confirmed"])

    def run(self, *command: str, check_rc: bool = True) -> str:
        """Run a command and return its output."""
        return str(self.module.run_command(list(command), check_rc=check_rc)[1])

    def in_kernel(self) -> str:
        """Return the table that is in force, or an empty string."""
        return self.run("nft", "--stateless", "list", "table", *self.table.split(), check_rc=False)

    def described(self) -> str:
        """Return the table of the file as nft lists it, from a network namespace of its own."""
        show = f"nft --file {shlex.quote(str(self.path))} && nft --stateless list table {self.table}"
        return self.run("unshare", "--net", "sh", "-c", show)

    def is_confirmed(self) -> bool:
        """Return whether the confirmed file has the same content."""
        return self.confirmed.exists() and self.confirmed.read_bytes() == self.path.read_bytes()

    def apply(self, timeout: int) -> None:
        """Start the timer of the rollback, then load the file."""
        nft = self.module.get_bin_path("nft", required=True)
        remove = f"add table {self.table}; delete table {self.table}"
        back = ["--file", str(self.confirmed)] if self.confirmed.exists() else [remove]
        self.run("systemctl", "stop", f"{UNIT}.timer", check_rc=False)  # of an interrupted run
        timer = [f"--unit={UNIT}", f"--on-active={timeout}", "--timer-property=AccuracySec=100ms"]
        self.run("systemd-run", "--collect", *timer, nft, *back)
        self.run("nft", "--file", str(self.path))

    def confirm(self) -> None:
        """Stop the timer and keep the file, unless the rollback has run."""
        self.run("systemctl", "stop", f"{UNIT}.timer", check_rc=False)
        if self.in_kernel() != self.described():
            self.module.fail_json(
                msg="The firewall's new rules were rolled back, because they were not confirmed in time; "
                "run the playbook again, or set firewall_rollback_timeout to a longer time."
            )
        copy = self.confirmed.with_suffix(".new")
        copy.write_bytes(self.path.read_bytes())
        copy.replace(self.confirmed)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "table": {"type": "str", "default": "inet ml_workshop"},
            "path": {"type": "path", "required": True},
            "confirmed": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 30},
            "confirm": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    ruleset = Ruleset(module)
    if not ruleset.path.exists() and module.check_mode:
        module.exit_json(changed=True)
    before, after = ruleset.in_kernel(), ruleset.described()
    changed = before != after or not ruleset.is_confirmed()
    if module.params["confirm"] and not module.check_mode:
        ruleset.confirm()
    elif changed and not module.check_mode:
        ruleset.apply(module.params["timeout"])
    module.exit_json(changed=changed, diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
