"""Deployments and rollbacks on one host, and recovery from killed ones."""

import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ml_workshop.atomic import remove_leftovers
from ml_workshop.deploy import candidate, records
from ml_workshop.deploy.haproxy import HAProxy
from ml_workshop.deploy.records import Deployment, Pin, Spec, State, deploy_lock
from ml_workshop.deploy.settings import SLOTS, Settings
from ml_workshop.deploy.slots import current_release, current_spec, stop_sandbox, unit_state, write_slot_files
from ml_workshop.deploy.traffic import reconcile, retire, shift
from ml_workshop.errors import DeployError, DeployRefusedError, MlWorkshopError

LATEST = "latest"
Result = dict[str, Any]
_DONE = {"deploy": "deployed", "rollback": "rolled_back"}


class Deployer:
    """Deploys on this host; one at a time.

    `deploy` and `rollback` return changed, result, slot, release, revision, previous and message. They raise
    DeployLockedError (another deployment holds the lock), DeployRefusedError (a gate refused the candidate)
    or DeployError (anything else); the slot that served before still serves.
    """

    def __init__(self, settings: Settings, by: str, reason: str = "") -> None:
        """Store the settings, and user and reason for the journal; nothing is read or changed yet."""
        self._settings, self._by, self._reason = settings, by, reason
        self._haproxy = HAProxy(settings.haproxy_socket, settings.haproxy_state_file)
        self._state = State()
        self._recovered: list[str] = []

    def deploy(self, revision: str, release: str, steps: list[int], dry_run: bool = False) -> Result:
        """Serve a revision with a release; both may be empty for those of the settings.

        Args:
            revision: "latest", a revision or a prefix of one.
            release: Name of a release; empty for the installed one.
            steps: Shares of the traffic, in percent; the last is 100.
            dry_run: Change nothing, return what would be done.
        """
        settings = self._settings
        revision, release = revision or settings.model_revision, release or settings.release
        is_plain = revision == LATEST and not release
        with self._locked(dry_run):
            deployment = self._new_deployment("deploy", Spec(release, revision), steps)
            with self._failures_in_journal(deployment, dry_run):
                release = release or current_release(settings)
                candidate.check_release(settings, release)
                revision = candidate.resolve(settings, release, revision)
                spec = current_spec(settings, release, revision)
            pin = _valid_pin(self._state.pin, spec) if is_plain else None
            deployment.spec = spec = pin.spec if pin else spec
            if self._is_served(spec):
                return self._repair(spec, pin, dry_run)
            if dry_run:
                return self._result("planned", f"Would deploy {spec}.", deployment.slot, spec)
            return self._run(deployment, pin)

    def rollback(self, dry_run: bool = False) -> Result:
        """Serve again what the other slot served before, and pin it; `dry_run` only returns that."""
        settings = self._settings
        with self._locked(dry_run):
            state = self._state
            target, present = state.slots[state.idle_slot], state.served
            deployment = self._new_deployment("rollback", target or Spec("", ""), [100])
            with self._failures_in_journal(deployment, dry_run):
                if target is None or present is None:
                    raise DeployError(
                        "There is no earlier deployment to go back to: run 'ml-workshop deploy'."
                    )
                candidate.check_release(settings, target.release)
                if not settings.model_dir(target.revision).is_dir():
                    raise DeployError(
                        f"Revision {target.revision} is no longer in {settings.models_dir}: "
                        f"run 'ml-workshop deploy --revision {target.revision}'."
                    )
                spec = current_spec(settings, target.release, target.revision)
                deployment.spec = replace(spec, serve_options=target.serve_options)
                latest = current_spec(settings, present.release, present.revision)
            if dry_run:
                message = f"Would roll back to {deployment.spec}."
                return self._result("planned", message, deployment.slot, deployment.spec)
            with contextlib.suppress(MlWorkshopError):  # a rollback needs no network
                release = current_release(settings)
                latest = current_spec(settings, release, candidate.resolve(settings, release, LATEST))
            why = f"{self._by} rolled back from {present} at {records.timestamp(time.time())}"
            why += f" ({self._reason})" if self._reason else ""
            why += "; a newer revision or release, or 'ml-workshop deploy --revision', ends this."
            is_latest = deployment.spec == latest
            return self._run(deployment, None if is_latest else Pin(deployment.spec, latest, why))

    @contextlib.contextmanager
    def _locked(self, dry_run: bool = False) -> Iterator[None]:
        """Hold the lock, read the state, and recover from a killed deployment."""
        with deploy_lock(self._settings.lock_file, self._by, records.timestamp(time.time())):
            servers = self._haproxy.servers()
            if missing := [slot for slot in SLOTS if slot not in servers]:
                raise DeployError(f"HAProxy has no server {missing[0]}: run the role gateway.")
            stop_sandbox()
            state = records.read_state(self._settings.state_dir)
            active = [slot for slot in SLOTS if unit_state(slot).active == "active"]
            ready = next((slot for slot in active if servers[slot].admin == "ready"), None)
            # The first deployment; or the state was removed, or is an older one from a backup.
            if state is None or (ready and not state.in_progress and state.serving not in active):
                state = State(ready)
            self._state = state
            if state.in_progress and not dry_run:
                self._recover(state.in_progress)
            yield

    def _recover(self, killed: Deployment) -> None:
        """Complete a killed deployment whose slot has the traffic; undo any other."""
        self._log(f"Recover from a {killed.action} that was killed in step '{killed.phase}'.")
        self._recovered = reconcile(self._settings, self._haproxy, self._state) or ["its record is closed"]
        completed = killed.phase == "drain"
        message = f"Killed in step '{killed.phase}'; the next run {'completed' if completed else 'undid'} it."
        self._finish(killed, _DONE[killed.action] if completed else "failed", message)

    def _run(self, deployment: Deployment, pin: Pin | None) -> Result:
        """Start the candidate in the idle slot and give it the traffic."""
        settings, state, slot, spec = self._settings, self._state, deployment.slot, deployment.spec
        deployment.pulled = not settings.model_dir(spec.revision).exists()
        try:
            if deployment.action == "deploy":
                self._begin(deployment, "pull")
                candidate.pull(settings, spec.release, spec.revision)
            self._begin(deployment, "smoke test")
            candidate.smoke_test(settings, spec)
            self._begin(deployment, "start")
            retire(settings, self._haproxy, slot)  # it runs if a person has started it
            write_slot_files(settings, slot, spec)
            candidate.start(settings, slot, spec)
            self._begin(deployment, "shift")
            note = shift(settings, self._haproxy, state.serving, deployment, self._log)
        except BaseException as error:
            raise self._undo(deployment, error) from error
        state.serving, state.slots[slot], state.pin = slot, spec, pin
        self._begin(deployment, "drain")
        message = f"Slot {slot} serves {spec}{f' ({note})' if note else ''}."
        try:
            reconcile(settings, self._haproxy, state)
        except (MlWorkshopError, OSError) as error:
            raise DeployError(
                f"{error} {message} The next 'ml-workshop deploy' completes this one."
            ) from error
        result = _DONE[deployment.action]
        self._finish(deployment, result, message)
        return {**self._result(result, message, slot, spec), "previous": deployment.previous}

    def _begin(self, deployment: Deployment, phase: str) -> None:
        self._log(f"{phase.capitalize()}: {deployment.spec}, slot {deployment.slot}.")
        deployment.phase = phase
        self._state.in_progress = deployment
        records.write_state(self._settings.state_dir, self._state)

    def _undo(self, deployment: Deployment, error: BaseException) -> DeployError:
        """Give the old slot all traffic again, remove the candidate, and return the error to raise."""
        message = str(error) if isinstance(error, MlWorkshopError) else f"{type(error).__name__}: {error}."
        serving = self._state.serving
        try:
            reconcile(self._settings, self._haproxy, self._state)
            stop_sandbox()
            message += f" Slot {serving} still serves." if serving else " No slot serves yet."
            self._finish(deployment, "failed", message)
        except (MlWorkshopError, OSError) as second:
            message += f" The candidate is not removed ({second}); the next 'ml-workshop deploy' removes it."
        return (DeployRefusedError if isinstance(error, DeployRefusedError) else DeployError)(message)

    def _finish(self, deployment: Deployment, result: str, message: str) -> None:
        """Write the journal and the metric, remove unused models, and clear `in_progress`."""
        settings, state = self._settings, self._state
        records.append_journal(settings.state_dir, deployment, result, message)
        records.write_metric(settings, records.describe(deployment.slot, deployment.spec), result)
        used = {spec.revision for spec in state.slots.values() if spec}
        if result == "failed" and deployment.pulled and deployment.spec.revision not in used:
            shutil.rmtree(settings.model_dir(deployment.spec.revision), ignore_errors=True)
        models = [path for path in settings.models_dir.glob("*") if re.fullmatch("[0-9a-f]{40}", path.name)]
        models.sort(key=lambda path: (path.name in used, path.stat().st_mtime), reverse=True)
        for path in models[max(settings.keep_models, len(used)) :]:
            shutil.rmtree(path, ignore_errors=True)
        remove_leftovers(settings.models_dir)
        state.in_progress = None
        records.write_state(settings.state_dir, state)

    @contextlib.contextmanager
    def _failures_in_journal(self, deployment: Deployment, dry_run: bool = False) -> Iterator[None]:
        try:
            yield
        except MlWorkshopError as error:
            if not dry_run:
                records.append_journal(self._settings.state_dir, deployment, "failed", str(error))
            raise

    def _new_deployment(self, action: str, spec: Spec, steps: list[int]) -> Deployment:
        now, state = time.time(), self._state
        previous = records.describe(state.serving, state.served)
        name = f"{now:.3f}-{os.getpid()}"
        return Deployment(name, action, state.idle_slot, spec, now, self._by, self._reason, steps, previous)

    def _is_served(self, spec: Spec) -> bool:
        slot = self._state.serving
        if slot is None or self._state.served != spec or unit_state(slot).active != "active":
            return False
        return not candidate.health_problem(self._settings, slot, spec)

    def _repair(self, spec: Spec, pin: Pin | None, dry_run: bool) -> Result:
        """Restore what differs from the state; the serving slot already has the spec."""
        slot, repaired = self._state.serving, self._recovered
        if dry_run and self._state.in_progress:
            return self._result("planned", "Would recover from a killed deployment.", slot, spec)
        if not dry_run:
            repaired = repaired + reconcile(self._settings, self._haproxy, self._state)
            if self._state.pin != pin:
                self._state.pin = pin
                records.write_state(self._settings.state_dir, self._state)
                repaired.append("the pin is removed")
        if repaired:
            return self._result("repaired", f"Slot {slot} serves {spec}; {', '.join(repaired)}.", slot, spec)
        if pin:
            return self._result("pinned", f"Slot {slot} keeps {spec}: {pin.why}", slot, spec)
        return self._result("unchanged", f"Slot {slot} already serves {spec}.", slot, spec)

    def _result(self, result: str, message: str, slot: str | None, spec: Spec) -> Result:
        return {
            "changed": result not in ("unchanged", "pinned"),
            "result": result,
            **records.describe(slot, spec),
            "previous": records.describe(self._state.serving, self._state.served),
            "message": message,
        }

    @staticmethod
    def _log(message: str) -> None:
        with contextlib.suppress(OSError):  # standard error may be closed
            print(message, file=sys.stderr, flush=True)


def _valid_pin(pin: Pin | None, plain: Spec) -> Pin | None:
    """Return the pin if a plain deployment still means what it meant at the rollback; else None."""
    if pin is None or (plain.release, plain.revision) != (pin.latest.release, pin.latest.revision):
        return None
    if plain == pin.latest:
        return pin
    # Options or dependencies changed: they apply to what is pinned.
    return Pin(replace(plain, release=pin.spec.release, revision=pin.spec.revision), plain, pin.why)
