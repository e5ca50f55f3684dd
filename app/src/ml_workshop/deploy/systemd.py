"""Units of the slots, and commands in a sandbox."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml_workshop.deploy.errors import DeployError

SANDBOX_UNIT = "ml-workshop-deploy-sandbox.service"


@dataclass(frozen=True)
class UnitState:
    """State of a slot's unit.

    Attributes:
        active: "active", "inactive", "failed", "activating"...
        since: When it became active, ISO 8601 in UTC; empty if it is not.
        enabled: Whether it is started at boot.
    """

    active: str
    since: str
    enabled: bool


def unit_name(slot: str) -> str:
    """Return the name of a slot's unit."""
    return f"inference@{slot}.service"


def unit_state(slot: str) -> UnitState:
    """Ask systemd for the state of a slot's unit."""
    properties = "--property=ActiveState,ActiveEnterTimestamp"
    shown = _run("systemctl", "show", "--timestamp=utc", properties, unit_name(slot)).stdout
    values = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    active = values.get("ActiveState", "inactive")
    entered = values.get("ActiveEnterTimestamp", "").split()  # Wed 2026-11-25 20:00:00 UTC
    since = f"{entered[1]}T{entered[2]}Z" if active == "active" and len(entered) == 4 else ""
    enabled = _run("systemctl", "is-enabled", unit_name(slot)).stdout.strip() == "enabled"
    return UnitState(active, since, enabled)


def start_unit(slot: str, timeout: float) -> bool:
    """Start a slot and wait until systemd calls it started; return whether it did.

    Args:
        slot: Which one.
        timeout: Seconds to wait.
    """
    _run("systemctl", "daemon-reload")  # the template may have changed
    _run("systemctl", "reset-failed", unit_name(slot))
    try:
        return _run("systemctl", "start", unit_name(slot), timeout=timeout).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def stop_unit(slot: str) -> None:
    """Stop a slot, and forget that it failed.

    Raises:
        DeployError: systemd cannot stop it.
    """
    _checked("systemctl", "stop", unit_name(slot))
    _run("systemctl", "reset-failed", unit_name(slot))


def enable_unit(slot: str, enabled: bool) -> None:
    """Start a slot at boot, or not.

    Raises:
        DeployError: systemd refuses.
    """
    _checked("systemctl", "enable" if enabled else "disable", "--no-reload", "--quiet", unit_name(slot))


def last_log_line(slot: str, since: float) -> str:
    """Return the last line that a slot's own processes logged since a Unix time; empty if there is none."""
    options = ["--lines=1", "--output=cat", "--no-pager", "--quiet", f"--since=@{since:.0f}"]
    return _run("journalctl", *options, f"_SYSTEMD_UNIT={unit_name(slot)}").stdout.strip()


def run_in_sandbox(
    command: Sequence[str], user: str, properties: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a command as a transient unit of the service's user.

    Args:
        command: Program and arguments.
        user: As whom.
        properties: Of the unit, such as ProtectSystem=strict.
        environment: Of the command.
    """
    return _run(
        "systemd-run",
        "--quiet",
        "--pipe",
        "--wait",
        "--collect",
        f"--unit={SANDBOX_UNIT}",
        *(f"--property={text}" for text in (f"User={user}", "RuntimeMaxSec=1800", *properties)),
        *(f"--setenv={name}={value}" for name, value in environment.items()),
        "--",
        *command,
    )


def stop_sandbox() -> None:
    """Stop what a killed deployment left running."""
    _run("systemctl", "stop", SANDBOX_UNIT)


def _checked(*command: str) -> None:
    completed = _run(*command)
    if completed.returncode:
        reason = completed.stderr.strip().splitlines() or [f"exit code {completed.returncode}"]
        raise DeployError(f"'{' '.join(command)}' failed ({reason[-1].rstrip('.')}): run 'systemctl status'.")


def _run(*command: str, timeout: float | None = None) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        raise DeployError(f"{command[0]} is missing: deployments need a host with systemd.") from error
