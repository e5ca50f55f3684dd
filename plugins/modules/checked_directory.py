#!/usr/bin/python
"""Ansible module: exactly these files in a directory, replaced only when a program accepts them all."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
---
module: checked_directory
short_description: Exactly these files in a directory, once a program accepts them
description:
  - Writes files into a directory and removes all others from it. When anything would change, a program is
    run on all new files together first; if it fails, nothing is written.
version_added: "1.0.0"
author: ml-workshop
attributes:
  check_mode:
    support: full
    description: The program runs in check mode, too.
  diff_mode:
    support: full
    description: One diff per file that changes.
options:
  dest:
    description: The directory; made when it is missing.
    type: path
    required: true
  files:
    description: Texts by file name.
    type: dict
    required: true
  check:
    description:
      - The program and its first arguments; the names of all files follow. It runs in a directory with the
        new files. Empty means that any files are accepted.
    type: list
    elements: str
    default: []
  group:
    description: Group that may read the files.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Rules of Prometheus
  ml_workshop.workshop.checked_directory:
    dest: /etc/prometheus/rules
    files:
      alerts.yml: "{{ lookup('ansible.builtin.file', 'alerts.yml') }}"
    check: [promtool, check, rules]
    group: prometheus
"""

RETURN = r"""
refused:
  description: Output of the program.
  type: str
  returned: when it refuses the files
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "dest": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "check": {"type": "list", "elements": "str", "default": []},
            "group": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    dest = Path(module.params["dest"])
    expected: dict[str, str] = module.params["files"]
    there = {path.name: path.read_text() for path in dest.iterdir()} if dest.is_dir() else {}
    changed = [name for name in sorted(there.keys() | expected) if there.get(name) != expected.get(name)]
    if changed and expected and module.params["check"]:
        check(module, expected)
    if not module.check_mode:
        dest.mkdir(mode=0o750, exist_ok=True)
        for name in changed:
            if name in expected:
                replace(dest / name, expected[name])
            else:
                (dest / name).unlink()
    attributes = False
    for path, mode in [(dest, 0o750), *((dest / name, 0o640) for name in expected)]:
        attributes = module.set_group_if_different(str(path), module.params["group"], attributes)
        attributes = module.set_mode_if_different(str(path), mode, attributes)
    module.exit_json(
        changed=bool(changed) or attributes or not dest.is_dir(),
        diff=[
            {
                "before_header": str(dest / name),
                "after_header": str(dest / name),
                "before": there.get(name, ""),
                "after": expected.get(name, ""),
            }
            for name in changed
        ],
    )


def check(module: AnsibleModule, expected: dict[str, str]) -> None:
    """Run the program on the files; fail the module if it fails."""
    program = module.params["check"]
    with tempfile.TemporaryDirectory() as directory:
        for name, text in expected.items():
            (Path(directory) / name).write_text(text)
        result = subprocess.run(  # noqa: S603 - the program is the task's own parameter
            [*program, *sorted(expected)], cwd=directory, capture_output=True, text=True, check=False
        )
    if result.returncode:
        reason = " ".join((result.stderr or result.stdout).split())
        module.fail_json(
            msg=f"{Path(program[0]).name} refuses the new files of {module.params['dest']}: {reason}.",
            refused=reason,
        )


def replace(path: Path, text: str) -> None:
    """Write a file atomically."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(name).replace(path)


if __name__ == "__main__":
    main()
