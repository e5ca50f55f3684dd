#!/usr/bin/python
"""Ansible module: a conda environment, described by specs or by an explicit lock file."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ml_workshop.workshop.plugins.module_utils.conda.difference import actions, listing
from ansible_collections.ml_workshop.workshop.plugins.module_utils.conda.lock import LockError, parse_lock
from ansible_collections.ml_workshop.workshop.plugins.module_utils.conda.prefix import (
    Environment,
    Package,
    read_environment,
)
from ansible_collections.ml_workshop.workshop.plugins.module_utils.conda.worker import (
    WorkerError,
    send_to_worker,
)

DOCUMENTATION = r"""
---
module: conda_environment
short_description: Manage a conda environment without conda
description:
  - Creates, changes and repairs a conda environment from any conda channel, by the solver and installer of
    py-rattler. The result is an ordinary environment; the C(conda) command, when there is one, lists and
    activates it.
  - With O(specs) nothing is done and no channel is read while the environment satisfies them. With O(lock)
    the environment matches the lock exactly, and an unchanged one needs no network and no solver.
  - An environment is damaged when a package's record cannot be read, or when a file of a package is missing
    or has another size. Damaged packages are relinked from the package cache; packages of pip stay.
  - Everything is downloaded, unpacked and linked once next to the prefix before a file of an existing
    environment is touched. The next run completes a run that was killed.
version_added: "1.0.0"
author: ml-workshop
requirements:
  - a directory O(tool) with C(bin/python), a Python >= 3.10 that can import rattler (py-rattler >= 0.28), and
    C(conda_worker.py); the role that brings this module installs it
attributes:
  check_mode:
    support: full
    description: >-
      Solves, without touching the environment. Where O(tool) isn't installed yet, the solution isn't known:
      an environment that doesn't exist is reported as to be created, its diff shows the specs.
  diff_mode:
    support: full
    description: One line per package, C(name version build channel).
options:
  prefix:
    description: The environment's directory, an absolute path. Its parent is created.
    type: path
    required: true
  specs:
    description:
      - Match specs, as C(conda install) takes them. Name C(pip) when pip is to be there.
      - Packages that no spec needs any more are removed.
    type: list
    elements: str
  lock:
    description:
      - Content of an explicit lock file (C(@EXPLICIT), one URL with its hash per line), as C(conda list
        --explicit --sha256) and C(conda-lock --kind explicit) write it. Use P(ansible.builtin.file#lookup) to
        read it on the controller.
    type: str
  channels:
    description: Channel URLs (C(https), C(http) or C(file)), the first has priority. Only used with O(specs).
    type: list
    elements: str
    default: ["https://conda.anaconda.org/conda-forge"]
  platform:
    description: conda's name of the platform. C(auto) is the platform of the host.
    type: str
    default: auto
  cache_dir:
    description:
      - Directory for packages and repodata. On the file system of O(prefix), files are hard links into it and
        take no space twice.
    type: path
    required: true
  tool:
    description: Directory that holds the interpreter with py-rattler and the worker.
    type: path
    required: true
  state:
    description:
      - V(present) keeps what satisfies O(specs); V(latest) reads the channels for newer packages; V(absent)
        removes the environment.
    type: str
    choices: [present, latest, absent]
    default: present
"""

EXAMPLES = r"""
- name: Create an environment from specs
  ml_workshop.workshop.conda_environment:
    prefix: /opt/conda/envs/science
    specs: [python=3.11.*, pip]
    cache_dir: /opt/conda/pkgs
    tool: /opt/conda-tool

- name: Create an environment from a lock file on the controller
  ml_workshop.workshop.conda_environment:
    prefix: /opt/conda/envs/science
    lock: "{{ lookup('ansible.builtin.file', 'science.linux-64.lock') }}"
    cache_dir: /opt/conda/pkgs
    tool: /opt/conda-tool

- name: Remove the environment
  ml_workshop.workshop.conda_environment:
    prefix: /opt/conda/envs/science
    cache_dir: /opt/conda/pkgs
    tool: /opt/conda-tool
    state: absent
"""

RETURN = r"""
prefix:
  description: The environment's directory.
  type: str
  returned: always
  sample: /opt/conda/envs/science
packages:
  description: >-
    The packages of the environment afterwards (in check mode, as they would be), as
    C(name version build channel).
  type: list
  elements: str
  returned: success, unless unknown in check mode
  sample: ["python 3.11.9 hb806964_0_cpython https://conda.anaconda.org/conda-forge"]
actions:
  description: Names of the packages by what happened to them.
  type: dict
  returned: success, unless unknown in check mode
  sample: {"install": [], "change": ["openssl"], "remove": [], "repair": ["python"]}
damaged:
  description: What was found damaged, by package.
  type: dict
  returned: success
  sample: {"python": "bin/python3.11 is missing"}
failure:
  description: >-
    Kind of a failure: channel, spec, unsatisfiable, download, space, permission, internal, crash, tool.
  type: str
  returned: failure of the solver or the installer
details:
  description: Output of the solver or the installer.
  type: str
  returned: failure of the solver or the installer
"""

PLATFORMS = {"x86_64": "linux-64", "aarch64": "linux-aarch64", "ppc64le": "linux-ppc64le"}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "prefix": {"type": "path", "required": True},
            "specs": {"type": "list", "elements": "str"},
            "lock": {"type": "str"},
            "channels": {
                "type": "list",
                "elements": "str",
                "default": ["https://conda.anaconda.org/conda-forge"],
            },
            "platform": {"type": "str", "default": "auto"},
            "cache_dir": {"type": "path", "required": True},
            "tool": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["present", "latest", "absent"], "default": "present"},
        },
        mutually_exclusive=[("specs", "lock")],
        required_if=[
            ("state", "present", ("specs", "lock"), True),
            ("state", "latest", ("specs", "lock"), True),
        ],
        supports_check_mode=True,
    )
    prefix = Path(module.params["prefix"])
    try:
        environment = read_environment(prefix)
        if module.params["state"] == "absent":
            remove(module, prefix, environment)
        elif module.params["lock"] is not None:
            follow_lock(module, prefix, environment)
        else:
            follow_specs(module, prefix, environment)
    except LockError as error:
        module.fail_json(msg=f"{error}.")
    except WorkerError as error:
        module.fail_json(msg=sentence(error, prefix), failure=error.kind, details=error.details)
    except PermissionError as error:
        module.fail_json(
            msg=f"{error.filename} cannot be read or written: run the task as root or as its owner."
        )


def sentence(error: WorkerError, prefix: Path) -> str:
    """Describe a failure in one sentence: what is wrong, where, and what to set or do."""
    remedies = {
        "channel": "check the network and the channel URLs",
        "spec": "correct it",
        "unsatisfiable": "change the specs or add a channel that has the packages",
        "download": "check the network, or the lock file",
        "space": "make room or choose another prefix and cache_dir",
        "permission": "run the task as root or as their owner",
    }
    remedy = remedies.get(error.kind)
    cause = (
        error.details.strip().splitlines()[-1].removeprefix("Caused by: ") if error.details.strip() else ""
    )
    cause = f" ({cause.strip().rstrip('.')})" if cause and cause not in str(error) else ""
    return f"Environment {prefix}: {error}{cause}{'; ' + remedy if remedy else ''}."


def remove(module: AnsibleModule, prefix: Path, environment: Environment) -> None:
    """Remove the environment; nothing else is ever removed under that name."""
    if environment.exists and not (prefix / "conda-meta").is_dir():
        module.fail_json(
            msg=f"{prefix} is not a conda environment (it has no conda-meta): remove it by hand."
        )
    if environment.exists and not module.check_mode:
        shutil.rmtree(prefix)
    finish(module, prefix, environment, {} if environment.exists else None)


def follow_lock(module: AnsibleModule, prefix: Path, environment: Environment) -> None:
    """Make the environment match the lock; the solver is not needed."""
    locked = parse_lock(module.params["lock"])
    expected = {name: entry.package for name, entry in locked.items()}
    same = environment.packages.keys() == expected.keys() and all(
        environment.packages[name].same_archive(package) for name, package in expected.items()
    )
    if same and not environment.damage:
        finish(module, prefix, environment, None)
    if not module.check_mode:
        request = {"locked": [{"url": entry.url, **entry.package.hashes} for entry in locked.values()]}
        run_worker(module, environment, request)
    finish(module, prefix, environment, expected)


def follow_specs(module: AnsibleModule, prefix: Path, environment: Environment) -> None:
    """Make the environment satisfy the specs."""
    request = {"specs": module.params["specs"], "channels": module.params["channels"]}
    try:
        reply = run_worker(module, environment, request)
    except WorkerError as error:
        if module.check_mode and error.kind == "tool":
            guess_without_tool(module, prefix, environment)
        raise
    after = {
        entry["name"]: Package(
            **{key: entry[key] for key in ("name", "version", "build", "channel", "file_name")},
            hashes={kind: entry[kind] for kind in ("md5", "sha256") if kind in entry},
        )
        for entry in reply["packages"]
    }
    finish(module, prefix, environment, after if reply["changed"] else None)


def guess_without_tool(module: AnsibleModule, prefix: Path, environment: Environment) -> None:
    """Leave a check on a host where nothing that solves is installed yet."""
    known = {"prefix": str(prefix), "damaged": environment.damage}
    if environment.packages:
        module.warn(
            f"{module.params['tool']} is not installed: whether {prefix} satisfies the specs isn't known."
        )
        module.exit_json(changed=bool(environment.damage), **known)
    specs = "".join(f"{spec}\n" for spec in module.params["specs"])
    before = listing(environment.packages, environment.damage)
    module.exit_json(changed=True, diff=difference(prefix, before, specs), **known)


def run_worker(module: AnsibleModule, environment: Environment, request: dict[str, Any]) -> dict[str, Any]:
    """Send the worker a request with what all requests have in common.

    Raises:
        WorkerError: the tool isn't there, the worker reports a failure, or it died.
    """
    tool, machine = Path(module.params["tool"]), platform.machine()
    auto = module.params["platform"] == "auto"
    if not (tool / "bin" / "python").exists():
        raise WorkerError("tool", f"{tool} has no bin/python with py-rattler, install it with the role conda")
    if auto and machine not in PLATFORMS:
        raise WorkerError("spec", f"conda has no platform for {machine}, set platform")
    answer: dict[str, Any] = send_to_worker(
        tool,
        {
            "prefix": module.params["prefix"],
            "cache_dir": module.params["cache_dir"],
            "platform": PLATFORMS[machine] if auto else module.params["platform"],
            "update": module.params["state"] == "latest",
            "damaged": sorted(environment.damage.keys() & environment.packages.keys()),
            "broken_records": [str(path) for path in environment.broken_records],
            "check": module.check_mode,
            **request,
        },
    )
    return answer


def difference(prefix: Path, before: str, after: str) -> dict[str, str]:
    """Return a diff as Ansible prints it."""
    header = f"packages of {prefix}"
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def finish(
    module: AnsibleModule, prefix: Path, environment: Environment, after: dict[str, Package] | None
) -> None:
    """Leave with the difference between the environment as it was and `after`; None means unchanged."""
    before, changed = environment.packages, after is not None
    after = before if after is None else after
    old, new = listing(before, environment.damage), listing(after, {})
    module.exit_json(
        changed=changed,
        prefix=str(prefix),
        packages=new.splitlines(),
        actions=actions(before, after, environment.damage),
        damaged=environment.damage,
        diff=difference(prefix, old, new) if changed else {},
    )


if __name__ == "__main__":
    main()
