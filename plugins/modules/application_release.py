#!/usr/bin/python
"""Ansible module: versioned releases of a Python application, and which of them is current."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.ml_workshop.workshop.plugins.module_utils.application.installed import read_installed
from ansible_collections.ml_workshop.workshop.plugins.module_utils.application.lock import normal_name
from ansible_collections.ml_workshop.workshop.plugins.module_utils.application.pip import pip_failure, run_pip

DOCUMENTATION = r"""
---
module: application_release
short_description: Install a wheel as a release, and switch to it atomically
description:
  - A release is a directory C(INSTALL_DIR/releases/ID) with the wheel's packages and C(bin/), without
    dependencies. It is installed under a temporary name and renamed, so it is there as a whole or not at all.
  - C(INSTALL_DIR/current) is a link to one release. It is replaced by one rename. A C(.pth) file in the
    interpreter's site-packages names the link, so that nothing else has to change when the release does.
  - A release whose command does not start is not installed.
  - A release that lost files is reinstalled. Old releases are removed, but never the current one, nor one
    that a link in C(INSTALL_DIR/in_use) points at.
version_added: "1.0.0"
author: ml-workshop
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
options:
  install_dir:
    description: Directory of the application.
    type: path
    required: true
  release:
    description: Release to switch to.
    type: str
    required: true
  create:
    description:
      - Whether the release may be new; its wheel is expected in C(INSTALL_DIR/wheels/ID) then. V(false) goes
        back to a release that is on disk.
    type: bool
    default: true
  python:
    description: Interpreter that runs the application; its C(bin) directory and site-packages get the links.
    type: path
    required: true
  command:
    description: Name of the command that the wheel brings.
    type: str
    required: true
  command_dir:
    description: Directory on everybody's PATH that gets a link to the command.
    type: path
    default: /usr/local/bin
  keep:
    description: How many releases to keep, the current one included. 1 or more.
    type: int
    default: 3
"""

EXAMPLES = r"""
- name: Switch to the release
  ml_workshop.workshop.application_release:
    install_dir: /opt/application
    release: 3f6c0ab9d1e2
    python: /opt/conda/envs/science/bin/python
    command: application
"""

RETURN = r"""
release:
  description: The current release.
  type: str
  returned: success
previous:
  description: The release that was current before; empty when there was none.
  type: str
  returned: success
releases:
  description: The releases on disk afterwards, newest first.
  type: list
  elements: str
  returned: success
"""


class Releases:
    """The releases below one directory."""

    def __init__(self, install_dir: Path) -> None:
        """Store the application's directory; it need not exist."""
        self.directory = install_dir / "releases"
        self.wheels = install_dir / "wheels"
        self.link = install_dir / "current"
        self.in_use = install_dir / "in_use"

    def current(self) -> str:
        """Return the current release, or an empty string."""
        return self.link.readlink().name if self.link.is_symlink() else ""

    def on_disk(self) -> list[str]:
        """List the releases, the newest installation first."""
        found = [path for path in self.directory.glob("[!.]*") if path.is_dir()]
        return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)]

    def obsolete(self, release: str, keep: int) -> list[str]:
        """List what is to be removed when `release` is current and `keep` releases stay."""
        others = [name for name in self.on_disk() if name != release]
        in_use = {link.readlink().name for link in self.in_use.glob("*") if link.is_symlink()}
        return [name for name in others[max(keep, 1) - 1 :] if name not in in_use]

    def damage(self, release: str, command: str) -> str:
        """Return what is wrong with a release on disk, or an empty string."""
        path = self.directory / release
        if not (path / "bin" / command).exists():
            return f"{path}/bin/{command} is missing"
        if (path / "bin" / command).stat().st_mode & (path / "bin").stat().st_mode & 0o005 != 0o005:
            return f"{path}/bin/{command} can be run by root only"
        names = [normal_name(entry.name.split("-")[0]) for entry in path.glob("*.dist-info")]
        distributions = read_installed(path, names, scripts=False).values()
        return next((entry.damage for entry in distributions if entry.damage), "")

    def wheel(self, release: str) -> Path | None:
        """Return the release's wheel, if it is on disk."""
        return next(iter((self.wheels / release).glob("*.whl")), None)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "install_dir": {"type": "path", "required": True},
            "release": {"type": "str", "required": True},
            "create": {"type": "bool", "default": True},
            "python": {"type": "path", "required": True},
            "command": {"type": "str", "required": True},
            "command_dir": {"type": "path", "default": "/usr/local/bin"},
            "keep": {"type": "int", "default": 3},
        },
        supports_check_mode=True,
    )
    os.umask(0o022)  # sudo may come with a stricter one, and services have to read what is written here
    releases, release = Releases(Path(module.params["install_dir"])), module.params["release"]
    command, keep = module.params["command"], module.params["keep"]
    there = (releases.directory / release).is_dir()
    damage = releases.damage(release, command) if there else ""
    arriving = module.check_mode and module.params["create"]
    if (not there or damage) and releases.wheel(release) is None and not arriving:
        others = ", ".join(name for name in releases.on_disk() if name != release) or "none"
        what = f"is damaged ({damage})" if there else f"is not in {releases.directory}"
        module.fail_json(msg=f"Release {release} {what}: choose one of those that are there ({others}).")
    links = wanted_links(module, releases)
    stale = {path: target for path, target in links.items() if link_target(path) != target}
    pth = site_packages_of(module) / f"{command}.pth" if Path(module.params["python"]).exists() else None
    pth_content = f"{releases.link}\n"
    pth_stale = pth is not None and (not pth.exists() or pth.read_text() != pth_content)
    previous, obsolete = releases.current(), releases.obsolete(release, keep)
    changed = bool(not there or damage or stale or pth_stale or previous != release or obsolete)
    after = [release, *[name for name in releases.on_disk() if name != release and name not in obsolete]]
    before_text = state(releases, previous, releases.on_disk(), stale, damage)
    after_text = state(releases, release, after, {}, "")
    if not module.check_mode:
        if not there or damage:
            install(module, releases, release)
        for path, target in stale.items():
            replace_link(path, target)
        if pth is not None and pth_stale:
            replace_file(pth, pth_content)
        if previous != release:
            replace_link(releases.link, f"releases/{release}")
        for name in obsolete:
            shutil.rmtree(releases.directory / name)
        for path in releases.wheels.glob("*"):
            if path.name not in after:
                shutil.rmtree(path)
    header = {"before_header": str(releases.link.parent), "after_header": str(releases.link.parent)}
    module.exit_json(
        changed=changed,
        release=release,
        previous=previous,
        releases=after,
        diff={**header, "before": before_text, "after": after_text} if changed else {},
    )


def wanted_links(module: AnsibleModule, releases: Releases) -> dict[Path, str]:
    """Return the links to the command: path -> target."""
    command = module.params["command"]
    target = str(releases.link / "bin" / command)
    directories = {Path(module.params["command_dir"]), Path(module.params["python"]).parent}
    return {directory / command: target for directory in directories}


def link_target(path: Path) -> str:
    """Return where a link points, or an empty string."""
    return str(path.readlink()) if path.is_symlink() else ""


def site_packages_of(module: AnsibleModule) -> Path:
    """Return the interpreter's package directory."""
    run = subprocess.run(  # noqa: S603 - the interpreter is the task's own parameter
        [module.params["python"], "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        module.fail_json(msg=f"{module.params['python']} does not run ({last}): repair it first.")
    return Path(run.stdout.strip())


def state(releases: Releases, current: str, on_disk: list[str], stale: dict[Path, str], damage: str) -> str:
    """Describe the releases for a diff."""
    lines = [f"current: {current or 'none'}", *(f"release: {name}" for name in sorted(on_disk))]
    lines += [f"damaged: {damage}"] if damage else []
    lines += [f"link: {path} -> {link_target(path) or 'nothing'}" for path in stale]
    return "".join(f"{line}\n" for line in lines)


def install(module: AnsibleModule, releases: Releases, release: str) -> None:
    """Install the wheel under a temporary name, then rename it."""
    releases.directory.mkdir(parents=True, exist_ok=True)
    target, wheel = releases.directory / release, str(releases.wheel(release))
    with tempfile.TemporaryDirectory(dir=releases.directory, prefix=".incoming-") as scratch:
        copy = Path(scratch, "release")
        run = run_pip(
            module.params["python"], "install", "--no-deps", "--no-index", "--target", str(copy), wheel
        )
        if run.returncode:
            module.fail_json(
                msg=f"The wheel {wheel} cannot be installed ({pip_failure(run)}).", details=run.stderr
            )
        check_start(module, release, copy)
        copy.chmod(0o755)
        if target.exists():
            target.rename(Path(scratch, "damaged"))
        copy.rename(target)


def check_start(module: AnsibleModule, release: str, copy: Path) -> None:
    """Refuse a release whose command does not start."""
    run = subprocess.run(  # noqa: S603 - the interpreter is the task's own parameter
        [module.params["python"], str(copy / "bin" / module.params["command"]), "--version"],
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        module.fail_json(
            msg=f"Release {release} does not start ({last}): correct its source; the current release stays.",
            details=run.stderr,
        )


def replace_link(path: Path, target: str) -> None:
    """Point a link somewhere else by one rename: at no moment is it not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)


def replace_file(path: Path, content: str) -> None:
    """Write a file as a whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(content)
    temporary.chmod(0o644)
    os.replace(temporary, path)  # noqa: PTH105 - as replace_link


if __name__ == "__main__":
    main()
