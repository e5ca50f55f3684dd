"""Settings of deployments: deploy.json, written by the role `inference`."""

import json
import re
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin

from ml_workshop.deploy.errors import DeployError

SLOTS = ("blue", "green")

_OPTION = re.compile(r"[\w.:/=,@+-]+")
"""What an option of `serve` may consist of: systemd splits $SERVE_OPTIONS at white space and knows quotes."""


@dataclass(frozen=True)
class Settings:
    """The content of deploy.json; times are in seconds, shares are from 0 to 1.

    Attributes:
        model_repo: hf://user/name or dir:///path.
        model_revision: "latest", a revision, or the first digits of one.
        release: Release of the application; empty for the one that app_dir/current links to.
        python: Interpreter of the slots; a change of the packages installed for it is a reason to deploy.
        unit_file: Template unit of the slots; a change of its content, likewise.
        sandbox: Properties of the transient unit that pulls and tests a model.
        step_min_requests: Requests that the candidate must have had before a canary step is judged.
        step_timeout: Time in which they must arrive.
        objectives: As in monitoring/slo.yml.
        prometheus_login_file: A line `name:password`; empty for a Prometheus that needs no login.
        runtime_dir: Parent of the lock file and of the slots' runtime directories.
    """

    model_repo: str
    model_revision: str
    release: str
    python: Path
    app_dir: Path
    models_dir: Path
    state_dir: Path
    slots_dir: Path
    metrics_file: Path
    unit_file: Path
    user: str
    haproxy_socket: Path
    haproxy_state_file: Path
    serve_options: list[str]
    golden_review: str
    golden_label: str
    health_timeout: float
    drain_timeout: float
    keep_models: int
    sandbox: list[str]
    pull_environment: dict[str, str]
    hub_token_file: str
    steps: list[int]
    step_seconds: float
    step_min_requests: int
    prometheus_url: str
    prometheus_instance: str
    objectives: list[dict[str, Any]]
    step_timeout: float = 600
    max_class_share_difference: float = 0.2
    max_confidence_difference: float = 0.1
    prometheus_login_file: str = ""
    runtime_dir: Path = Path("/run")

    @property
    def lock_file(self) -> Path:
        """The lock of this host."""
        return self.runtime_dir / "ml-workshop-deploy.lock"

    def slot_socket(self, slot: str) -> Path:
        """Return the Unix socket on which a slot answers."""
        return self.runtime_dir / f"inference-{slot}" / "http.sock"

    def release_dir(self, release: str) -> Path:
        """Return the directory of a release."""
        return self.app_dir / "releases" / release

    def model_dir(self, revision: str) -> Path:
        """Return the directory of a pulled model."""
        return self.models_dir / revision


def read_settings(path: Path) -> Settings:
    """Read deploy.json.

    Raises:
        DeployError: It is missing, or a setting is missing, unknown, or of the wrong type.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict):
            raise ValueError("it is not a JSON object")
    except (OSError, ValueError) as error:
        raise DeployError(
            f"{path} cannot be read ({error}): run the role inference, or name the file with --settings."
        ) from error
    known = {entry.name: entry for entry in fields(Settings)}
    if unknown := sorted(raw.keys() - known.keys()):
        raise DeployError(f"{path}: unknown setting {unknown[0]}: remove it.")
    values: dict[str, Any] = {}
    for name, entry in known.items():
        if name not in raw:
            if entry.default is MISSING:
                raise DeployError(f"{path}: setting {name} is missing: run the role inference.")
            continue
        if not _fits(entry.type, raw[name]):
            kind = "an absolute path" if entry.type is Path else getattr(entry.type, "__name__", entry.type)
            raise DeployError(f"{path}: setting {name} is {raw[name]!r}: it must be {kind}.")
        values[name] = Path(raw[name]) if entry.type is Path else raw[name]
    settings = Settings(**values)
    for option in settings.serve_options:
        if not _OPTION.fullmatch(option):
            raise DeployError(f"{path}: serve_options has {option!r}: use no spaces, quotes or '$' in it.")
    check_steps(settings.steps)
    return settings


def check_steps(steps: list[int]) -> None:
    """Check the traffic shares of a canary, in percent.

    Raises:
        DeployError: They do not ascend from 1 or more to 100.
    """
    if not steps or sorted(set(steps)) != steps or steps[0] < 1 or steps[-1] != 100:
        raise DeployError(
            f"Steps {','.join(map(str, steps))} do not ascend from 1 or more to 100: "
            "set for example 1,10,50,100."
        )


def _fits(kind: Any, value: Any) -> bool:  # noqa: ANN401  # what JSON holds
    if kind is Any:
        return True
    if isinstance(value, bool):
        return False
    if kind is Path:
        return isinstance(value, str) and value.startswith("/")
    if kind is float:
        return isinstance(value, int | float)
    if not isinstance(value, get_origin(kind) or kind):
        return False
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(_fits(get_args(kind)[-1], item) for item in items)
