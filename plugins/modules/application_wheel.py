#!/usr/bin/python
"""Ansible module: build the wheel of a Python project once, on the controller."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ml_workshop.workshop.plugins.module_utils.application.pip import pip_failure, run_pip

DOCUMENTATION = r"""
---
module: application_wheel
short_description: Build a project's wheel, once per content
description:
  - Builds with C(pip wheel --no-deps) from a copy of the source, so that no trace is left in it, and keeps
    the wheel in a cache under the hash of what went into it.
  - Run it on the controller, C(run_once). It changes no host and reports no change.
version_added: "1.0.0"
author: ml-workshop
attributes:
  check_mode:
    support: full
    description: Computes the release, builds nothing.
options:
  source_dir:
    description: Directory with pyproject.toml and src/.
    type: path
    required: true
  cache_dir:
    description: Where wheels are kept, one directory per release.
    type: path
    required: true
  python:
    description: Interpreter that has pip.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Build the application's wheel
  ml_workshop.workshop.application_wheel:
    source_dir: app
    cache_dir: .cache/wheels
    python: "{{ ansible_playbook_python }}"
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
release:
  description: First 12 hexadecimal digits of the sha256 over the names and contents of the source files.
  type: str
  returned: success
  sample: 3f6c0ab9d1e2
path:
  description: The wheel.
  type: str
  returned: success, except in check mode where it isn't built yet
"""

#: What goes into a wheel: the project's description, and src/ without what tools leave there.
PROJECT_FILES = ("pyproject.toml", "README*", "LICENSE*")
LEFTOVERS = ("__pycache__", "*.pyc", "*.egg-info", ".*")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "source_dir": {"type": "path", "required": True},
            "cache_dir": {"type": "path", "required": True},
            "python": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    source = Path(module.params["source_dir"]).resolve()
    files = source_files(source)
    release = content_hash(source, files)
    target = Path(module.params["cache_dir"]).resolve() / release
    if not target.is_dir():
        if module.check_mode:
            module.exit_json(changed=False, release=release)
        build(module, source, files, target)
    module.exit_json(changed=False, release=release, path=str(next(target.glob("*.whl"))))


def source_files(source: Path) -> list[Path]:
    """List the files that determine the wheel, sorted, relative to the source directory."""
    found = [path for pattern in PROJECT_FILES for path in source.glob(pattern)]
    for path in (source / "src").rglob("*"):
        relative = path.relative_to(source)
        if path.is_file() and not any(
            Path(part).match(rule) for part in relative.parts for rule in LEFTOVERS
        ):
            found.append(path)
    return sorted(path.relative_to(source) for path in found)


def content_hash(source: Path, files: list[Path]) -> str:
    """Hash names and contents; times and modes don't count."""
    digest = hashlib.sha256()
    for file in files:
        content = (source / file).read_bytes()
        digest.update(f"{file.as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def build(module: AnsibleModule, source: Path, files: list[Path], target: Path) -> None:
    """Build from a copy, and rename the result into place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as scratch:
        copy, wheels = Path(scratch, "source"), Path(scratch, "wheels")
        for file in files:
            (copy / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / file, copy / file)
        # The date of files in a wheel; the earliest that a zip archive can hold.
        date = {"SOURCE_DATE_EPOCH": "315532800"}
        run = run_pip(
            module.params["python"], "wheel", "--no-deps", "--wheel-dir", str(wheels), str(copy), **date
        )
        if run.returncode or not list(wheels.glob("*.whl")):
            module.fail_json(
                msg=f"The wheel of {source} cannot be built on the controller ({pip_failure(run)}).",
                details=run.stderr,
            )
        try:
            wheels.rename(target)
        except OSError:
            if not target.is_dir():  # else another run was faster
                raise


if __name__ == "__main__":
    main()
