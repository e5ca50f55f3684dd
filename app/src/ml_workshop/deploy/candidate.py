"""Before a candidate gets traffic: resolve and pull it, test it in a sandbox, start it."""

import http.client
import json
import re
import subprocess
import time

from ml_workshop.deploy.errors import DeployError, DeployRefusedError
from ml_workshop.deploy.settings import Settings
from ml_workshop.deploy.slot_http import request
from ml_workshop.deploy.state import Spec
from ml_workshop.deploy.systemd import last_log_line, run_in_sandbox, start_unit, unit_name

_PREFIX = "ml-workshop: "
_DIGITS = re.compile(r"[0-9a-f]{7,40}")


def check_release(settings: Settings, release: str) -> None:
    """Check that a release is on disk.

    Raises:
        DeployError: It is not; names those that are.
    """
    directory = settings.release_dir(release)
    if not re.fullmatch(r"\w[\w.+-]*", release) or not directory.is_dir():
        names = ", ".join(sorted(path.name for path in directory.parent.glob("[!.]*"))) or "none"
        raise DeployError(
            f"Release {release} is not in {directory.parent} (there: {names}): install it, or name another."
        )


def resolve(settings: Settings, release: str, revision: str) -> str:
    """Return the full revision that "latest", a revision or its first 7 or more digits means.

    The repository is not asked for one that is on disk.

    Raises:
        DeployError: There is none, the prefix is ambiguous, or the repository cannot be asked.
    """
    if _DIGITS.fullmatch(revision):
        known = [path.name for path in settings.models_dir.glob(f"{revision}*")]
        if len(known) == 1:
            return known[0]
    return _run(settings, release, "resolve", revision).strip()


def pull(settings: Settings, release: str, revision: str) -> None:
    """Pull a full revision into models_dir and verify it; an intact copy on disk is kept.

    Raises:
        DeployError: It cannot be pulled or is not intact.
    """
    _run(settings, release, "pull", revision, f"--models-dir={settings.models_dir}")


def smoke_test(settings: Settings, spec: Spec) -> None:
    """Classify the golden review in a sandbox, with the release that is to serve the model.

    Raises:
        DeployError: The release does not run.
        DeployRefusedError: The model cannot be loaded, or its label is not the golden one.
    """
    model, properties = settings.model_dir(spec.revision), [*settings.sandbox, "PrivateNetwork=yes"]
    arguments = ["predict", f"--model={model}", "--", settings.golden_review]
    completed = _ml_workshop(settings, spec.release, arguments, properties)
    if completed.returncode:
        error = _error(completed, spec.release)
        raise DeployRefusedError(str(error)) if completed.returncode == 1 and _explained(completed) else error
    label = str(_object(completed.stdout).get("label"))
    if label != settings.golden_label:
        raise DeployRefusedError(_wrong_label(settings, spec, label))


def start(settings: Settings, slot: str, spec: Spec) -> None:
    """Start a slot and wait until it answers the golden review.

    Raises:
        DeployError: It does not within health_timeout.
        DeployRefusedError: Its label is not the golden one.
    """
    started, deadline = time.time(), time.monotonic() + settings.health_timeout
    reason = "systemd could not start it"
    if start_unit(slot, settings.health_timeout):
        while (reason := health_problem(settings, slot, spec)) and time.monotonic() < deadline:
            time.sleep(0.05)
    if reason:
        log = last_log_line(slot, started)
        log = str(_object(log).get("message", log))[:300].rstrip(".")
        raise DeployError(
            f"Slot {slot} ({spec}) is not healthy within {settings.health_timeout:g} s (health_timeout): "
            f"{reason}{f' (its log ends with: {log})' if log else ''}: "
            f"run 'journalctl -u {unit_name(slot)}'."
        )


def health_problem(settings: Settings, slot: str, spec: Spec) -> str:
    """Return what is wrong with a running slot; an empty string if it answers the golden review.

    Raises:
        DeployRefusedError: It answers, as the right revision, with the wrong label.
    """
    socket_file = settings.slot_socket(slot)
    try:
        status, _ = request(socket_file, "/health/ready")
        if status != 200:
            return f"/health/ready answers {status}"
        status, answer = request(socket_file, "/predict", {"text": settings.golden_review})
    except (OSError, http.client.HTTPException) as error:
        return f"{socket_file} does not answer ({error})"
    if status != 200:
        return f"/predict answers {status}"
    if answer.get("model_revision") != spec.revision:
        return f"it serves revision {answer.get('model_revision')}"
    if answer.get("label") != settings.golden_label:
        raise DeployRefusedError(_wrong_label(settings, spec, str(answer.get("label"))))
    return ""


def _wrong_label(settings: Settings, spec: Spec, label: str) -> str:
    return (
        f"The golden review is {label} instead of {settings.golden_label} ({spec}): "
        "train a better model, or set inference_golden_review and inference_golden_label."
    )


def _run(settings: Settings, release: str, subcommand: str, revision: str, *options: str) -> str:
    """Run `resolve` or `pull`: with the network, the hub token and the right to write models."""
    properties = [*settings.sandbox, f"ReadWritePaths=-{settings.models_dir}"]
    if settings.hub_token_file:
        properties.append(f"LoadCredential=hub_token:{settings.hub_token_file}")
    arguments = [subcommand, f"--repo={settings.model_repo}", f"--revision={revision}", *options]
    completed = _ml_workshop(settings, release, arguments, properties, settings.pull_environment)
    if completed.returncode:
        raise _error(completed, release)
    return completed.stdout


def _ml_workshop(
    settings: Settings,
    release: str,
    arguments: list[str],
    properties: list[str],
    environment: dict[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    command = [str(settings.python), "-m", "ml_workshop", *arguments]
    path = {"PYTHONPATH": str(settings.release_dir(release))}
    return run_in_sandbox(command, settings.user, properties, {**(environment or {}), **path})


def _error(completed: "subprocess.CompletedProcess[str]", release: str) -> DeployError:
    lines = completed.stderr.strip().splitlines() or [f"exit code {completed.returncode}"]
    if _explained(completed):
        return DeployError(lines[-1].removeprefix(_PREFIX))
    return DeployError(f"Release {release} does not run ({lines[-1].rstrip('.')}): install another release.")


def _explained(completed: "subprocess.CompletedProcess[str]") -> bool:
    return completed.stderr.strip().rpartition("\n")[2].startswith(_PREFIX)


def _object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
