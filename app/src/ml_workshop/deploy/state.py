"""What deployments remember: state.json, the journal and the metric of the newest one."""

import dataclasses
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ml_workshop.atomic import replace_file
from ml_workshop.deploy.errors import DeployError
from ml_workshop.deploy.settings import Settings
from ml_workshop.errors import OutputError


@dataclass(frozen=True)
class Spec:
    """Everything that determines how a slot answers.

    Attributes:
        release: Release of the application.
        revision: Full revision of the model.
        serve_options: Options of `ml-workshop serve`.
        unit_digest: sha256 of the template unit.
        dependencies_digest: Digest of the installed dependencies.
    """

    release: str
    revision: str
    serve_options: list[str]
    unit_digest: str
    dependencies_digest: str

    def __str__(self) -> str:
        """Return release and shortened revision."""
        return f"release {self.release}, revision {self.revision[:12]}"


@dataclass(frozen=True)
class Pin:
    """What a rollback chose; kept until a plain deployment means something newer than `latest`.

    Attributes:
        spec: What is kept.
        latest: What a plain deployment would have served at the time of the rollback.
        why: One sentence.
    """

    spec: Spec
    latest: Spec
    why: str


@dataclass(frozen=True)
class InProgress:
    """A deployment that has begun and not ended.

    Attributes:
        id: Of its line in the journal.
        action: "deploy" or "rollback".
        slot: The candidate's.
        spec: The candidate's.
        phase: The last step that was begun.
        pulled: Whether it pulled the model, so that a failure removes it.
        started: Unix time.
        by: Who asked.
        reason: Why, in that person's words.
        steps: Traffic shares, in percent.
        previous: {"slot", "release", "revision"} of what served before; {} if nothing did.
    """

    id: str
    action: str
    slot: str
    spec: Spec
    phase: str
    pulled: bool
    started: float
    by: str
    reason: str
    steps: list[int]
    previous: dict[str, str]


@dataclass
class State:
    """The content of state.json.

    Attributes:
        serving: The slot that serves; None before the first deployment.
        slots: What each slot is to serve; None if it never served.
        pin: Of the last rollback.
        in_progress: The deployment that is running, or was killed.
    """

    serving: str | None = None
    slots: dict[str, Spec | None] = field(default_factory=lambda: {"blue": None, "green": None})
    pin: Pin | None = None
    in_progress: InProgress | None = None


def read_state(directory: Path) -> State | None:
    """Read state.json; None before the first deployment.

    Raises:
        DeployError: It is damaged.
    """
    path = directory / "state.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        progress, pin = raw["in_progress"], raw["pin"]
        return State(
            raw["serving"],
            {slot: Spec(**spec) if spec else None for slot, spec in raw["slots"].items()},
            Pin(Spec(**pin["spec"]), Spec(**pin["latest"]), pin["why"]) if pin else None,
            InProgress(**{**progress, "spec": Spec(**progress["spec"])}) if progress else None,
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DeployError(
            f"{path} cannot be read ({error}): remove it, the next deployment starts from what is running."
        ) from error


def write_state(directory: Path, state: State) -> None:
    """Write state.json.

    Raises:
        OutputError: It cannot be written.
    """
    replace_file(directory / "state.json", json.dumps(dataclasses.asdict(state), indent=2) + "\n")


def describe(slot: str | None, spec: Spec | None) -> dict[str, str]:
    """Return {"slot", "release", "revision"} for results and the journal; {} for nothing."""
    if slot is None or spec is None:
        return {}
    return {"slot": slot, "release": spec.release, "revision": spec.revision}


def append_journal(directory: Path, entry: dict[str, Any]) -> None:
    """Add a line to the journal, unless the last line has the same id.

    Raises:
        OutputError: It cannot be written.
    """
    last = read_journal(directory, 1)
    if last and last[0].get("id") == entry["id"]:
        return
    path = directory / "journal.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as file:
            torn = file.tell() and not path.read_bytes().endswith(b"\n")  # a killed writer's last line
            file.write(("\n" if torn else "") + json.dumps(entry, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from error


def read_journal(directory: Path, lines: int) -> list[dict[str, Any]]:
    """Return the last lines of the journal, the oldest first; torn lines are left out."""
    try:
        text = (directory / "journal.jsonl").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    entries = []
    for line in text.splitlines()[::-1]:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        entries.append(entry)
        if len(entries) == lines:
            break
    return entries[::-1]


def write_metric(settings: Settings, to: dict[str, str], result: str) -> None:
    """Write the newest deployment as a metric for node_exporter's textfile collector."""
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
