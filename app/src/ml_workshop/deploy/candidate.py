"""Before a candidate gets traffic: resolve and pull its model, test it in a sandbox, start it.

Functions raise DeployRefusedError if the model cannot be loaded or the label of the golden review is wrong,
and DeployError if anything else fails.
"""

import http.client
import re
import time

from ml_workshop.deploy.records import Spec
from ml_workshop.deploy.settings import Settings
from ml_workshop.deploy.slot_http import json_object, request
from ml_workshop.deploy.slots import last_log_line, run_in_sandbox, start_unit, unit_name
from ml_workshop.errors import DeployError, DeployRefusedError

_PREFIX = "ml-workshop: "
"""Start of the last line on standard error when `ml-workshop` explains a failure."""


def check_release(settings: Settings, release: str) -> None:
    """Check that a release is installed."""
    directory = settings.release_dir(release)
    if not re.fullmatch(r"\w[\w.+-]*", release) or not directory.is_dir():
        names = ", ".join(sorted(path.name for path in directory.parent.glob("[!.]*"))) or "none"
        raise DeployError(
            f"Release {release} is not in {directory.parent} (there: {names}): install it, or name another."
        )


def resolve(settings: Settings, release: str, revision: str) -> str:
    """Return the full revision of "latest", a revision or a prefix of 7 or more digits.

    A revision on disk needs no request to the repository.
    """
    if re.fullmatch("[0-9a-f]{7,40}", revision):
        known = [path.name for path in settings.models_dir.glob(f"{revision}*")]
        if len(known) == 1:
            return known[0]
    source = f"--repo={settings.model_repo}", f"--revision={revision}"
    return _run(settings, release, "resolve", *source, network=True).strip()


def pull(settings: Settings, release: str, revision: str) -> None:
    """Pull a full revision into models_dir and verify it; an intact copy on disk is kept."""
    source = f"--repo={settings.model_repo}", f"--revision={revision}"
    key = [f"--verify-key={settings.verify_key_file}"] if settings.verify_key_file else []
    _run(settings, release, "pull", *source, *key, f"--models-dir={settings.models_dir}", network=True)


def smoke_test(settings: Settings, spec: Spec) -> None:
    """Classify the golden review in a sandbox, with the candidate's release and model."""
    model = f"--model={settings.model_dir(spec.revision)}"
    output = _run(settings, spec.release, "predict", model, "--", settings.golden_review, network=False)
    _check_label(settings, spec, json_object(output).get("label"))


def start(settings: Settings, slot: str, spec: Spec) -> None:
    """Start a slot and wait until it classifies the golden review."""
    started, deadline = time.time(), time.monotonic() + settings.health_timeout
    reason = "systemd could not start it"
    if start_unit(slot, settings.health_timeout):
        while (reason := health_problem(settings, slot, spec)) and time.monotonic() < deadline:
            time.sleep(0.05)
    if reason:
        log = last_log_line(slot, started)
        log = str(json_object(log).get("message", log))[:300].rstrip(".")
        raise DeployError(
            f"Slot {slot} ({spec}) is not healthy within {settings.health_timeout:g} s (health_timeout): "
            f"{reason}{f' (its log ends with: {log})' if log else ''}: "
            f"run 'journalctl -u {unit_name(slot)}'."
        )


def health_problem(settings: Settings, slot: str, spec: Spec) -> str:
    """Return the problem of a running slot; empty if it is ready and classifies the golden review."""
    socket_file = settings.slot_socket(slot)
    try:
        status, _ = request(socket_file, "/health/ready")
        if status != 200:
            return f"/health/ready answers {status}"
        status, prediction = request(socket_file, "/predict", {"text": settings.golden_review})
    except (OSError, http.client.HTTPException) as error:
        return f"{socket_file} does not answer ({error})"
    if status != 200:
        return f"/predict answers {status}"
    if prediction.get("model_revision") != spec.revision:
        return f"it serves revision {prediction.get('model_revision')}"
    _check_label(settings, spec, prediction.get("label"))
    return ""


def _check_label(settings: Settings, spec: Spec, label: object) -> None:
    if label != settings.golden_label:
        raise DeployRefusedError(
            f"The golden review is {label} instead of {settings.golden_label} ({spec}): "
            "train a better model, or set inference_golden_review and inference_golden_label."
        )


def _run(settings: Settings, release: str, *arguments: str, network: bool) -> str:
    """Run a subcommand of a release in a sandbox; return its standard output.

    The network comes with the hub token and write access to models_dir.
    """
    properties, environment = list(settings.sandbox), {"PYTHONPATH": str(settings.release_dir(release))}
    if network:
        properties.append(f"ReadWritePaths=-{settings.models_dir}")
        if settings.hub_token_file:
            properties.append(f"LoadCredential=hub_token:{settings.hub_token_file}")
        environment = {**settings.pull_environment, **environment}
    else:
        properties.append("PrivateNetwork=yes")
    command = [str(settings.python), "-m", "ml_workshop", *arguments]
    completed = run_in_sandbox(command, settings.user, properties, environment)
    if completed.returncode == 0:
        return completed.stdout
    line = (completed.stderr.strip().splitlines() or [f"exit code {completed.returncode}"])[-1]
    if not line.startswith(_PREFIX):
        raise DeployError(f"Release {release} does not run ({line.rstrip('.')}): install another release.")
    kind = DeployRefusedError if completed.returncode == 1 and not network else DeployError
    raise kind(line.removeprefix(_PREFIX))
