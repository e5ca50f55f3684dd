"""Records of deployments: the lock, state.json, the journal, and a metric of the latest deployment.

Functions that write raise OutputError if they cannot.
"""

import contextlib
import dataclasses
import fcntl
import itertools
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ml_workshop.atomic import replace_file, write_error
from ml_workshop.deploy.settings import SLOTS, Settings
from ml_workshop.deploy.slot_http import json_object
from ml_workshop.errors import DeployError, DeployLockedError, OutputError


@dataclass(frozen=True)
class Spec:
    """Everything that determines the responses of a slot."""

    release: str  # release of the application
    revision: str  # full revision of the model
    serve_options: list[str] = field(default_factory=list)  # options of `ml-workshop serve`
    unit_digest: str = ""  # sha256 of the template unit
    dependencies_digest: str = ""  # sha256 of names and versions of the installed packages

    def __str__(self) -> str:
        """Return release and shortened revision."""
        return f"release {self.release}, revision {self.revision[:12]}"


@dataclass(frozen=True)
class Pin:
    """The pair that a rollback pinned, until a plain deployment resolves to something newer than `latest`."""

    spec: Spec  # the pinned spec
    latest: Spec  # the pair of a plain deployment at the time of the rollback
    why: str  # one sentence


@dataclass
class Deployment:
    """A deployment or rollback that has not ended."""

    id: str  # ID of its line in the journal
    action: str  # "deploy" or "rollback"
    slot: str  # slot of the candidate
    spec: Spec  # spec of the candidate
    started: float  # Unix time
    by: str  # user who runs it
    reason: str  # free text of that user
    steps: list[int]  # traffic shares, in percent
    previous: dict[str, str]  # {"slot", "release", "revision"} of what served before; {} if nothing did
    phase: str = ""  # the step in progress; empty before the first
    pulled: bool = False  # whether it pulled the model; a failure then removes the model


_ENTRY = {
    **dict.fromkeys(("time", "by", "action", "result", "message"), str),
    "to": dict,
    "seconds": int | float,
}
"""Fields of a journal line that the tables show, with their types."""


@dataclass
class State:
    """The content of state.json."""

    serving: str | None = None  # the slot that serves; None before the first deployment
    slots: dict[str, Spec | None] = field(default_factory=lambda: {"blue": None, "green": None})
    """Spec of each slot; None if it never served."""
    pin: Pin | None = None  # set by a rollback
    in_progress: Deployment | None = None  # the deployment that is running, or was killed

    @property
    def served(self) -> Spec | None:
        """The spec of the serving slot."""
        return self.slots[self.serving] if self.serving else None

    @property
    def idle_slot(self) -> str:
        """The slot for the next deployment."""
        return "green" if self.serving == "blue" else "blue"


def read_state(directory: Path) -> State | None:
    """Read state.json (DeployError if it is damaged); None before the first deployment."""
    path = directory / "state.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        progress, pin = raw["in_progress"], raw["pin"]
        if {raw["serving"], progress["slot"] if progress else None} - {None, *SLOTS}:
            raise ValueError("it has an unknown slot")
        return State(
            raw["serving"],
            {slot: _read_spec(raw["slots"][slot]) if raw["slots"][slot] else None for slot in SLOTS},
            Pin(_read_spec(pin["spec"]), _read_spec(pin["latest"]), pin["why"]) if pin else None,
            Deployment(**{**progress, "spec": _read_spec(progress["spec"])}) if progress else None,
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DeployError(
            f"{path} cannot be read ({error}): remove it, the next deployment starts from what is running."
        ) from error


def _read_spec(raw: dict[str, Any]) -> Spec:
    spec = Spec(**raw)
    texts = spec.release, spec.revision, spec.unit_digest, spec.dependencies_digest, *spec.serve_options
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a value of a slot is not a text")
    return spec


def write_state(directory: Path, state: State) -> None:
    """Write state.json."""
    replace_file(directory / "state.json", json.dumps(dataclasses.asdict(state), indent=2) + "\n")


def describe(slot: str | None, spec: Spec | None) -> dict[str, str]:
    """Return {"slot", "release", "revision"}; {} if either is None."""
    return {"slot": slot, "release": spec.release, "revision": spec.revision} if slot and spec else {}


def append_journal(directory: Path, deployment: Deployment, result: str, message: str) -> None:
    """Add a line to the journal, unless its last line has the same id."""
    last = next(_journal(directory), None)
    if last and last[1].get("id") == deployment.id:
        return
    entry = {
        "id": deployment.id,
        "time": timestamp(deployment.started),
        "by": deployment.by,
        "action": deployment.action,
        "from": deployment.previous,
        "to": describe(deployment.slot, deployment.spec),
        "result": result,
        "reason": deployment.reason,
        "message": message,
        "seconds": round(time.time() - deployment.started, 1),
        "steps": deployment.steps,
    }
    path = directory / "journal.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as file:
            is_torn = file.tell() and not path.read_bytes().endswith(b"\n")  # by a killed process
            file.write(("\n" if is_torn else "") + json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise write_error(path, error) from error


def read_journal(directory: Path, lines: int) -> list[dict[str, Any]]:
    """Return the last lines of the journal, the oldest first, without torn lines.

    Raises:
        DeployError: The journal cannot be read, or one of these lines is an object of another form.
    """
    entries = []
    for number, entry in itertools.islice(_journal(directory), lines):
        if wrong := [key for key, kind in _ENTRY.items() if not isinstance(entry.get(key), kind)]:
            raise DeployError(
                f"{directory / 'journal.jsonl'}, line {number} has no valid '{wrong[0]}': remove the line."
            )
        entries.append(entry)
    return entries[::-1]


def _journal(directory: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and content of each object in the journal, the newest first."""
    path = directory / "journal.jsonl"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise DeployError(f"{path} cannot be read ({error.strerror}): run this as root.") from error
    for number, line in reversed(list(enumerate(text.splitlines(), 1))):
        if entry := json_object(line):
            yield number, entry


def write_metric(settings: Settings, to: dict[str, str], result: str) -> None:
    """Write the end of the latest deployment as a metric for node_exporter's textfile collector."""
    name = "ml_workshop_deployment_timestamp_seconds"
    labels = ",".join(f'{key}="{value}"' for key, value in {**to, "result": result}.items())
    replace_file(
        settings.metrics_file,
        f"# HELP {name} When the newest deployment ended.\n# TYPE {name} gauge\n"
        f"{name}{{{labels}}} {time.time():.3f}\n",
    )


def timestamp(seconds: float) -> str:
    """Return a Unix time as ISO 8601 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@contextlib.contextmanager
def deploy_lock(path: Path, by: str, since: str) -> Iterator[None]:
    """Hold the lock of this host (or raise DeployLockedError) until the block or the process ends."""
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be opened: {error.strerror}; run this as root.") from error
    with file:
        deadline = time.monotonic() + 0.2  # lock_holder() takes the lock for a moment
        while not _lock(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                holder = _holder(file)
                raise DeployLockedError(
                    f"A deployment is in progress: {holder.get('by', 'an unknown user')} started it at "
                    f"{holder.get('since', 'an unknown time')} (process {holder.get('pid', 'unknown')}): "
                    "try again when it has ended."
                )
            time.sleep(0.02)
        file.truncate(0)
        json.dump({"pid": os.getpid(), "by": by, "since": since}, file)
        file.flush()
        yield
        file.truncate(0)


def lock_holder(path: Path) -> dict[str, object] | None:
    """Return {"pid", "by", "since"} of the process that holds the lock; None if it is free."""
    try:
        with path.open(encoding="utf-8") as file:
            return None if _lock(file, fcntl.LOCK_SH) else _holder(file)
    except OSError:
        return None


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> dict[str, object]:
    file.seek(0)
    return json_object(file.read())
