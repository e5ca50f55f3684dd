"""The slots of a host: their systemd units and files, and commands in a sandbox.

Functions raise DeployError if a file cannot be read or a command is missing or fails, and OutputError if a
file cannot be written.
"""

import contextlib
import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_workshop.atomic import replace_file
from ml_workshop.deploy.records import Spec
from ml_workshop.deploy.settings import Settings
from ml_workshop.errors import DeployError, OutputError

SANDBOX_UNIT = "ml-workshop-deploy-sandbox.service"


@dataclass(frozen=True)
class UnitState:
    """State of a slot's unit."""

    active: str  # ActiveState: "active", "inactive", "failed", "activating"
    since: str  # when it became active, ISO 8601 in UTC; empty if it is not
    enabled: bool  # whether it starts at boot


def unit_name(slot: str) -> str:
    """Return the name of a slot's unit."""
    return f"inference@{slot}.service"


def unit_state(slot: str) -> UnitState:
    """Return the state of a slot's unit."""
    properties = "--property=ActiveState,ActiveEnterTimestamp"
    shown = _run("systemctl", "show", "--timestamp=utc", properties, unit_name(slot)).stdout
    values = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    active = values.get("ActiveState", "inactive")
    entered = values.get("ActiveEnterTimestamp", "").split()  # Wed 2026-11-25 20:00:00 UTC
    since = f"{entered[1]}T{entered[2]}Z" if active == "active" and len(entered) == 4 else ""
    enabled = _run("systemctl", "is-enabled", unit_name(slot)).stdout.strip() == "enabled"
    return UnitState(active, since, enabled)


def start_unit(slot: str, timeout: float) -> bool:
    """Start a slot; return whether its start job succeeded within `timeout` seconds."""
    _run("systemctl", "daemon-reload")  # the template may have changed
    _run("systemctl", "reset-failed", unit_name(slot))
    try:
        return _run("systemctl", "start", unit_name(slot), timeout=timeout).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def stop_unit(slot: str) -> None:
    """Stop a slot and clear its failed state."""
    _run("systemctl", "stop", unit_name(slot), check=True)
    _run("systemctl", "reset-failed", unit_name(slot))


def enable_unit(slot: str, enabled: bool) -> None:
    """Enable or disable the start of a slot at boot."""
    verb = "enable" if enabled else "disable"
    _run("systemctl", verb, "--no-reload", "--quiet", unit_name(slot), check=True)


def last_log_line(slot: str, since: float) -> str:
    """Return the last line that a slot's own processes logged since a Unix time; empty if there is none."""
    with contextlib.suppress(subprocess.TimeoutExpired):  # the last lines may not be in the journal yet
        _run("journalctl", "--sync", timeout=5)
    options = ["--lines=1", "--output=cat", "--no-pager", "--quiet", f"--since=@{since:.6f}"]
    return _run("journalctl", *options, f"_SYSTEMD_UNIT={unit_name(slot)}").stdout.strip()


def run_in_sandbox(
    command: Sequence[str], user: str, properties: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command as `user` in a transient unit with the given properties and environment."""
    options = [f"--property={text}" for text in (f"User={user}", "RuntimeMaxSec=1800", *properties)]
    options += [f"--setenv={name}={value}" for name, value in environment.items()]
    modes = ("--quiet", "--pipe", "--wait", "--collect", f"--unit={SANDBOX_UNIT}")
    return _run("systemd-run", *modes, *options, "--", *command)


def stop_sandbox() -> None:
    """Stop the sandbox of a killed deployment."""
    _run("systemctl", "stop", SANDBOX_UNIT)


def _run(
    *command: str, timeout: float | None = None, check: bool = False
) -> "subprocess.CompletedProcess[str]":
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    try:
        completed = subprocess.run(  # noqa: S603
            command, stdin=null, stdout=pipe, stderr=pipe, text=True, errors="replace", timeout=timeout
        )
    except FileNotFoundError as error:
        raise DeployError(f"{command[0]} is missing: deployments need a host with systemd.") from error
    if check and completed.returncode:
        reason = completed.stderr.strip().splitlines() or [f"exit code {completed.returncode}"]
        raise DeployError(
            f"'{' '.join(command)}' failed ({reason[-1].rstrip('.')}): run 'systemctl status {command[-1]}'."
        )
    return completed


def write_slot_files(settings: Settings, slot: str, spec: Spec | None) -> bool:
    """Write the files of a slot, or remove them if it has no spec; return whether anything changed."""
    env_file, link = settings.slots_dir / f"{slot}.env", settings.app_dir / "in_use" / slot
    if spec is None:
        changed = env_file.exists() or link.is_symlink()
        env_file.unlink(missing_ok=True)
        link.unlink(missing_ok=True)
        return changed
    content = (
        f"PYTHONPATH={settings.release_dir(spec.release)}\n"
        f"MODEL={settings.model_dir(spec.revision)}\n"
        f"SERVE_OPTIONS={' '.join(spec.serve_options)}\n"
    )
    target = Path("../releases", spec.release)
    new_link = not link.is_symlink() or link.readlink() != target
    if new_link:
        _replace_link(link, target)
    new_content = not env_file.is_file() or env_file.read_text(encoding="utf-8") != content
    if new_content:
        replace_file(env_file, content)
    return new_link or new_content


def current_release(settings: Settings) -> str:
    """Return the release that app/current links to."""
    link = settings.app_dir / "current"
    try:
        return link.readlink().name
    except OSError as error:
        raise DeployError(f"{link} links to no release: run the role application.") from error


def current_spec(settings: Settings, release: str, revision: str) -> Spec:
    """Return the spec of a release and a revision with the settings and packages of this host."""
    try:
        unit = settings.unit_file.read_bytes()
    except OSError as error:
        raise DeployError(
            f"{settings.unit_file} cannot be read ({error.strerror}): run the role inference."
        ) from error
    installed = settings.python.parent.parent.glob("lib/python3*/site-packages/*.dist-info")
    packages = "\n".join(sorted(path.name for path in installed)).encode()
    return Spec(release, revision, settings.serve_options, _sha256(unit), _sha256(packages))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _replace_link(link: Path, target: Path) -> None:
    partial = link.with_name(f".{link.name}.partial")
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        partial.symlink_to(target)
        partial.replace(link)
    except OSError as error:
        raise OutputError(f"{link} cannot be written: {error.strerror}.") from error
