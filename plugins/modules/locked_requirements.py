#!/usr/bin/python
"""Ansible module: the packages of hash-locked requirements files in an environment, by pip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ml_workshop.workshop.plugins.module_utils.application.installed import (
    Installed,
    read_installed,
)
from ansible_collections.ml_workshop.workshop.plugins.module_utils.application.lock import (
    LockError,
    Pin,
    merge_locks,
    normal_version,
)
from ansible_collections.ml_workshop.workshop.plugins.module_utils.application.pip import (
    NETWORK,
    pip_failure,
    run_pip,
)

DOCUMENTATION = r"""
---
module: locked_requirements
short_description: Install hash-locked Python requirements
description:
  - Compares locks with what an interpreter's site-packages holds, without running pip, and installs what is
    missing, has another version, or lost files. pip verifies every hash and resolves nothing
    (C(--require-hashes --no-deps)).
  - Packages that no lock names stay. So do those that conda installed, also in another version than the locks
    have.
version_added: "1.0.0"
author: ml-workshop
attributes:
  check_mode:
    support: full
    description: Where the interpreter isn't there yet, everything is reported as to be installed.
  diff_mode:
    support: full
    description: One line per package that changes, C(name version).
options:
  python:
    description: The interpreter of the environment; it must have pip.
    type: path
    required: true
  locks:
    description: Names of the locks, and their texts. A package that several locks name must have one version.
    type: dict
    required: true
  extra_index_url:
    description: A package index in addition to the configured ones. Empty means none.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Install what the service imports
  ml_workshop.workshop.locked_requirements:
    python: /opt/conda/envs/science/bin/python
    locks:
      serve: "{{ lookup('ansible.builtin.file', 'requirements/serve.txt') }}"
"""

RETURN = r"""
installed:
  description: Packages that were installed (in check mode, would be), as C(name version).
  type: list
  elements: str
  returned: success
damaged:
  description: What was found damaged, by package.
  type: dict
  returned: success
left_to_conda:
  description: Packages that conda installed in another version than the locks have.
  type: list
  elements: str
  returned: success
details:
  description: Output of pip.
  type: str
  returned: when pip fails
"""


#: Installed by conda together with pip; not locked.
PACKAGING = {"pip", "setuptools", "wheel"}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "python": {"type": "path", "required": True},
            "locks": {"type": "dict", "required": True},
            "extra_index_url": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    python = Path(module.params["python"])
    try:
        pins = merge_locks(module.params["locks"])
    except LockError as error:
        module.fail_json(msg=f"{error}.")
    if not python.exists():
        if not module.check_mode:
            module.fail_json(msg=f"{python} does not exist: make an environment with Python and pip first.")
        finish(module, {}, pins, [])
    site_packages = site_packages_of(module, python)
    before = read_installed(site_packages, pins)
    left = leave_to_conda(module, before, pins)
    outdated = different(pins, before)
    if outdated and not module.check_mode:
        for name in outdated.keys() & before.keys():
            if not (before[name].metadata / "RECORD").exists():
                # pip cannot uninstall it, and would refuse to go on.
                shutil.rmtree(before[name].metadata, ignore_errors=True)
        install(module, python, outdated)
        still = different(outdated, read_installed(site_packages, outdated))
        if still:
            module.fail_json(msg=f"pip succeeded, and yet {python} lacks {', '.join(sorted(still))}.")
    finish(module, before, outdated, left)


def site_packages_of(module: AnsibleModule, python: Path) -> Path:
    """Return where the interpreter's pip installs to, which also checks that it runs."""
    code = "import sysconfig, pip; print(sysconfig.get_path('purelib'))"
    run = subprocess.run(  # noqa: S603 - the interpreter is the task's own parameter
        [str(python), "-I", "-c", code], capture_output=True, text=True, check=False
    )
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        module.fail_json(msg=f"{python} does not run or has no pip ({last}): repair the environment first.")
    return Path(run.stdout.strip())


def different(pins: dict[str, Pin], installed: dict[str, Installed]) -> dict[str, Pin]:
    """Return the pins that the environment does not meet."""
    return {
        name: pin
        for name, pin in pins.items()
        if name not in installed
        or installed[name].damage
        or normal_version(installed[name].version) != normal_version(pin.version)
    }


def leave_to_conda(module: AnsibleModule, installed: dict[str, Installed], pins: dict[str, Pin]) -> list[str]:
    """Remove packages of conda from `pins`, and list those in another version than the locks.

    If pip replaced it, conda's next run would find its package damaged and put it back, and so on forever.
    """
    theirs = [name for name in pins if name in installed and installed[name].installer == "conda"]
    foreign = {name: pins.pop(name) for name in theirs}
    left = {
        name: pin
        for name, pin in foreign.items()
        if normal_version(installed[name].version) != normal_version(pin.version)
    }
    for name in sorted(left.keys() - PACKAGING):
        module.warn(
            f"{name} {installed[name].version} is conda's and stays, the locks have {left[name].version}."
        )
    return [f"{name} {installed[name].version}" for name in sorted(left)]


def install(module: AnsibleModule, python: Path, outdated: dict[str, Pin]) -> None:
    """Run pip once for all packages."""
    index = module.params["extra_index_url"]
    options = ["--no-deps", "--force-reinstall", "--require-hashes"]
    options += ["--extra-index-url", index] if index else []
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{pin.line}\n" for pin in outdated.values())
        file.flush()
        run = run_pip(str(python), "install", *options, "--requirement", file.name)
    if run.returncode:
        module.fail_json(msg=sentence(python, run, index), details=run.stderr)


def sentence(python: Path, run: subprocess.CompletedProcess[str], extra_index_url: str) -> str:
    """Explain pip's output in one sentence."""
    if "No space left on device" in run.stderr:
        places = (python.parent, Path(tempfile.gettempdir()))
        free = ", ".join(f"{shutil.disk_usage(p).free // 1_000_000} MB free at {p}" for p in places)
        return f"No space left to install Python packages ({free}): make room."
    if "DO NOT MATCH THE HASHES" in run.stderr:
        names = ", ".join(re.findall(r"^ +(\S+==\S+) from ", run.stderr, re.MULTILINE)) or "a package"
        return f"The hash of {names} is not the locked one: recompile the locks, or find out who changed it."
    reason = pip_failure(run)
    indexes = f"the configured index and {extra_index_url}" if extra_index_url else "the configured index"
    advice = f": see that the host reaches {indexes}" if NETWORK.search(reason) else ""
    return f"pip cannot install into {python.parents[1]} ({reason}){advice}."


def finish(
    module: AnsibleModule, before: dict[str, Installed], outdated: dict[str, Pin], left: list[str]
) -> None:
    """Leave; the diff names what changes and nothing else."""
    old = {name: before[name] for name in sorted(outdated) if name in before}
    header = f"packages of {os.path.dirname(os.path.dirname(module.params['python']))}"  # noqa: PTH120
    module.exit_json(
        changed=bool(outdated),
        installed=[f"{name} {outdated[name].version}" for name in sorted(outdated)],
        left_to_conda=left,
        damaged={name: entry.damage for name, entry in old.items() if entry.damage},
        diff={
            "before_header": header,
            "after_header": header,
            "before": "".join(
                f"{name} {entry.version}{'  # damaged: ' + entry.damage if entry.damage else ''}\n"
                for name, entry in old.items()
            ),
            "after": "".join(f"{name} {outdated[name].version}\n" for name in sorted(outdated)),
        }
        if outdated
        else {},
    )


if __name__ == "__main__":
    main()
