"""The sequence of a deployment and of a rollback, and recovery from killed ones."""

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
from ml_workshop.deploy import candidate
from ml_workshop.deploy.errors import DeployError, DeployRefusedError
from ml_workshop.deploy.haproxy import HAProxy
from ml_workshop.deploy.lock import deploy_lock
from ml_workshop.deploy.reconcile import reconcile
from ml_workshop.deploy.settings import SLOTS, Settings
from ml_workshop.deploy.shift import shift
from ml_workshop.deploy.slots import current_release, dependencies_digest, file_digest, write_slot_files
from ml_workshop.deploy.state import (
    InProgress,
    Pin,
    Spec,
    State,
    append_journal,
    describe,
    read_state,
    timestamp,
    write_metric,
    write_state,
)
from ml_workshop.deploy.systemd import stop_sandbox, unit_state
from ml_workshop.errors import MlWorkshopError

LATEST = "latest"
Result = dict[str, Any]


class Deployer:
    """Deployments on this host, one at a time."""

    def __init__(self, settings: Settings, by: str, reason: str = "") -> None:
        """Nothing is read or changed yet.

        Args:
            settings: Of this host.
            by: Who asks; goes into the journal.
            reason: Why; likewise.
        """
        self._settings = settings
        self._by = by
        self._reason = reason
        self._haproxy = HAProxy(settings.haproxy_socket, settings.haproxy_state_file)
        self._state = State()
        self._recovered: list[str] = []

    def deploy(self, revision: str, release: str, steps: list[int], dry_run: bool = False) -> Result:
        """Serve a revision with a release.

        Args:
            revision: "latest", a revision or a prefix of one; empty for the one of the settings.
            release: A release; empty for the one of the settings, or the installed one.
            steps: Shares of the traffic, in percent; the last is 100.
            dry_run: Only return what would be done.

        Returns:
            changed, result, slot, release, revision, previous, message.

        Raises:
            DeployLockedError: Another deployment holds the lock.
            DeployRefusedError: A gate refused the candidate.
            DeployError: Anything else failed. What served before serves.
        """
        settings = self._settings
        revision, release = revision or settings.model_revision, release or settings.release
        plain = revision == LATEST and not release
        with self._locked(dry_run):
            attempt = self._attempt("deploy", Spec(release, revision, [], "", ""), steps)
            with self._journaled(attempt, dry_run):
                release = release or current_release(settings)
                candidate.check_release(settings, release)
                spec = self._spec(release, candidate.resolve(settings, release, revision))
            pin = _pin_of(self._state.pin, spec) if plain else None
            spec = pin.spec if pin else spec
            if self._is_served(spec):
                return self._nothing_to_do(spec, pin, dry_run)
            if dry_run:
                return self._result("planned", f"Would deploy {spec}.", attempt.slot, spec)
            return self._switch(replace(attempt, spec=spec), pin)

    def rollback(self) -> Result:
        """Serve again what the other slot served before.

        Raises:
            DeployLockedError: Another deployment holds the lock.
            DeployRefusedError: The golden review fails.
            DeployError: There is nothing to go back to, or anything else failed.
        """
        settings = self._settings
        with self._locked():
            target = self._state.slots[self._idle_slot()]
            present = self._state.slots.get(self._state.serving or "")
            attempt = self._attempt("rollback", target or Spec("", "", [], "", ""), [100])
            with self._journaled(attempt):
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
            current = self._spec(target.release, target.revision)
            spec = replace(current, serve_options=target.serve_options)
            latest = self._spec(present.release, present.revision)
            with contextlib.suppress(MlWorkshopError):  # a rollback needs no network
                release = current_release(settings)
                latest = self._spec(release, candidate.resolve(settings, release, LATEST))
            why = f"{self._by} rolled back from {present} at {timestamp(time.time())}"
            why += f" ({self._reason})" if self._reason else ""
            why += "; a newer revision or release, or 'ml-workshop deploy --revision', ends this."
            return self._switch(
                replace(attempt, spec=spec), None if spec == latest else Pin(spec, latest, why)
            )

    @contextlib.contextmanager
    def _locked(self, dry_run: bool = False) -> Iterator[None]:
        """Hold the lock, with the state read and what a killed deployment left cleaned up."""
        with deploy_lock(self._settings.lock_file, self._by, timestamp(time.time())):
            servers = self._haproxy.servers()
            if missing := [slot for slot in SLOTS if slot not in servers]:
                raise DeployError(f"HAProxy has no server {missing[0]}: run the role gateway.")
            stop_sandbox()
            state = read_state(self._settings.state_dir)
            if state is None:  # the first deployment, or the state was removed
                running = [slot for slot in SLOTS if unit_state(slot).active == "active"]
                state = State(next((slot for slot in running if servers[slot].admin == "ready"), None))
            self._state = state
            if state.in_progress and not dry_run:
                self._recover(state.in_progress)
            yield

    def _recover(self, killed: InProgress) -> None:
        """Complete a killed deployment whose slot has the traffic; undo any other."""
        self._log(f"Recover from a {killed.action} that was killed in step '{killed.phase}'.")
        self._recovered = reconcile(self._settings, self._haproxy, self._state) or ["its record is closed"]
        message = f"Killed in step '{killed.phase}'; the next run"
        if killed.phase == "drain":
            self._finish(killed, _done(killed.action), f"{message} completed it.")
        else:
            self._finish(killed, "failed", f"{message} undid it.")

    def _switch(self, attempt: InProgress, pin: Pin | None) -> Result:
        """Start the candidate in the idle slot and give it the traffic."""
        settings, state, slot, spec = self._settings, self._state, attempt.slot, attempt.spec
        attempt = replace(attempt, pulled=not settings.model_dir(spec.revision).exists())
        try:
            if attempt.action == "deploy":
                self._begin(attempt, "pull")
                candidate.pull(settings, spec.release, spec.revision)
            self._begin(attempt, "smoke test")
            candidate.smoke_test(settings, spec)
            self._begin(attempt, "start")
            write_slot_files(settings, slot, spec)
            candidate.start(settings, slot, spec)
            self._begin(attempt, "shift")
            note = shift(settings, self._haproxy, state.serving, slot, attempt.steps, self._log)
        except BaseException as error:
            raise self._undone(attempt, error) from error
        state.serving, state.slots[slot], state.pin = slot, spec, pin
        self._begin(attempt, "drain")
        message = f"Slot {slot} serves {spec}{f' ({note})' if note else ''}."
        try:
            reconcile(settings, self._haproxy, state)
        except (MlWorkshopError, OSError) as error:
            raise DeployError(
                f"{error} {message} The next 'ml-workshop deploy' completes this one."
            ) from error
        self._finish(attempt, _done(attempt.action), message)
        return {**self._result(_done(attempt.action), message, slot, spec), "previous": attempt.previous}

    def _begin(self, attempt: InProgress, phase: str) -> None:
        self._log(f"{phase.capitalize()}: {attempt.spec}, slot {attempt.slot}.")
        self._state.in_progress = replace(attempt, phase=phase)
        write_state(self._settings.state_dir, self._state)

    def _undone(self, attempt: InProgress, error: BaseException) -> DeployError:
        """Give the old slot all traffic again, remove the candidate, and return the error to raise."""
        message = str(error) if isinstance(error, MlWorkshopError) else f"{type(error).__name__}: {error}."
        kind = DeployRefusedError if isinstance(error, DeployRefusedError) else DeployError
        serving = self._state.serving
        try:
            reconcile(self._settings, self._haproxy, self._state)
            stop_sandbox()
            message += f" Slot {serving} still serves." if serving else " No slot serves yet."
            self._finish(attempt, "failed", message)
        except (MlWorkshopError, OSError) as second:
            message += f" The candidate is not removed ({second}); the next 'ml-workshop deploy' removes it."
        return kind(message)

    def _finish(self, attempt: InProgress, result: str, message: str) -> None:
        """Write the journal and the metric, remove models that nothing needs, and close the attempt."""
        settings, state = self._settings, self._state
        self._journal(attempt, result, message)
        write_metric(settings, describe(attempt.slot, attempt.spec), result)
        used = {spec.revision for spec in state.slots.values() if spec}
        if result == "failed" and attempt.pulled and attempt.spec.revision not in used:
            shutil.rmtree(settings.model_dir(attempt.spec.revision), ignore_errors=True)
        self._prune(used)
        state.in_progress = None
        write_state(settings.state_dir, state)

    def _prune(self, used: set[str]) -> None:
        """Keep the newest models (keep_models) and those of the slots."""
        models = [
            path for path in self._settings.models_dir.glob("*") if re.fullmatch("[0-9a-f]{40}", path.name)
        ]
        models.sort(key=lambda path: (path.name in used, path.stat().st_mtime), reverse=True)
        for path in models[max(self._settings.keep_models, len(used)) :]:
            shutil.rmtree(path, ignore_errors=True)
        remove_leftovers(self._settings.models_dir)

    @contextlib.contextmanager
    def _journaled(self, attempt: InProgress, dry_run: bool = False) -> Iterator[None]:
        """Note a deployment that fails before anything was changed."""
        try:
            yield
        except MlWorkshopError as error:
            if not dry_run:
                self._journal(attempt, "failed", str(error))
            raise

    def _journal(self, attempt: InProgress, result: str, message: str) -> None:
        entry = {
            "id": attempt.id,
            "time": timestamp(attempt.started),
            "by": attempt.by,
            "action": attempt.action,
            "from": attempt.previous,
            "to": describe(attempt.slot, attempt.spec),
            "result": result,
            "reason": attempt.reason,
            "message": message,
            "seconds": round(time.time() - attempt.started, 1),
            "steps": attempt.steps,
        }
        append_journal(self._settings.state_dir, entry)

    def _attempt(self, action: str, spec: Spec, steps: list[int]) -> InProgress:
        now, serving = time.time(), self._state.serving
        return InProgress(
            id=f"{now:.3f}-{os.getpid()}",
            action=action,
            slot=self._idle_slot(),
            spec=spec,
            phase="",
            pulled=False,
            started=now,
            by=self._by,
            reason=self._reason,
            steps=steps,
            previous=describe(serving, self._state.slots.get(serving or "")),
        )

    def _spec(self, release: str, revision: str) -> Spec:
        settings = self._settings
        digest = file_digest(settings.unit_file)
        return Spec(release, revision, settings.serve_options, digest, dependencies_digest(settings))

    def _idle_slot(self) -> str:
        return "green" if self._state.serving == "blue" else "blue"

    def _is_served(self, spec: Spec) -> bool:
        serving = self._state.serving
        if serving is None or self._state.slots[serving] != spec or unit_state(serving).active != "active":
            return False
        return not candidate.health_problem(self._settings, serving, spec)

    def _nothing_to_do(self, spec: Spec, pin: Pin | None, dry_run: bool) -> Result:
        """Repair what differs from the state."""
        slot, repaired = self._state.serving, self._recovered
        if dry_run and self._state.in_progress:
            return self._result("planned", "Would recover from a killed deployment.", slot, spec)
        if not dry_run:
            repaired = repaired + reconcile(self._settings, self._haproxy, self._state)
            if self._state.pin != pin:
                self._state.pin = pin
                write_state(self._settings.state_dir, self._state)
                repaired.append("the pin is removed")
        if repaired:
            return self._result("repaired", f"Slot {slot} serves {spec}; {', '.join(repaired)}.", slot, spec)
        if pin:
            return self._result("pinned", f"Slot {slot} keeps {spec}: {pin.why}", slot, spec)
        return self._result("unchanged", f"Slot {slot} already serves {spec}.", slot, spec)

    def _result(self, result: str, message: str, slot: str | None, spec: Spec) -> Result:
        serving = self._state.serving
        return {
            "changed": result not in ("unchanged", "pinned"),
            "result": result,
            **describe(slot, spec),
            "previous": describe(serving, self._state.slots.get(serving or "")),
            "message": message,
        }

    def _log(self, message: str) -> None:
        with contextlib.suppress(OSError):  # whoever started this may be gone
            print(message, file=sys.stderr, flush=True)


def _pin_of(pin: Pin | None, plain: Spec) -> Pin | None:
    """Return the pin that holds against what a plain deployment means; None if that is newer."""
    if pin is None or (plain.release, plain.revision) != (pin.latest.release, pin.latest.revision):
        return None
    if plain == pin.latest:
        return pin
    # Options or dependencies changed: they apply to what is pinned.
    return Pin(replace(plain, release=pin.spec.release, revision=pin.spec.revision), plain, pin.why)


def _done(action: str) -> str:
    return "deployed" if action == "deploy" else "rolled_back"
