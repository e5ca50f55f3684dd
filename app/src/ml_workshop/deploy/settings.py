"""Settings of deployments: deploy.json, which the role `inference` writes.

Functions raise DeployError for missing, unknown and invalid settings.
"""

import json
import re
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin

from ml_workshop.errors import DeployError

SLOTS = ("blue", "green")

_SERVE_OPTION = re.compile(r"[\w.:/=,@+-]+")
"""systemd splits $SERVE_OPTIONS at white space and interprets quotes."""


@dataclass(frozen=True)
class Settings:
    """The content of deploy.json; times are in seconds, shares are from 0 to 1."""

    model_repo: str  # hf://user/name or dir:///path
    model_revision: str  # "latest", a revision, or a prefix of one
    release: str  # release of the application; empty: the one that app_dir/current links to
    python: Path  # interpreter of the slots; a change of its installed packages is a reason to deploy
    app_dir: Path
    models_dir: Path
    state_dir: Path
    slots_dir: Path
    metrics_file: Path
    unit_file: Path  # template unit of the slots; a change of its content is a reason to deploy
    user: str
    haproxy_socket: Path
    haproxy_state_file: Path
    serve_options: list[str]
    golden_review: str
    golden_label: str
    health_timeout: float
    drain_timeout: float
    keep_models: int
    sandbox: list[str]  # properties of the transient unit that pulls and tests a model
    pull_environment: dict[str, str]
    hub_token_file: str
    steps: list[int]  # traffic shares of a canary, in percent
    step_seconds: float
    step_min_requests: int  # requests of the candidate that a canary step needs
    prometheus_url: str
    prometheus_instance: str
    objectives: list[dict[str, Any]]  # as in monitoring/slo.yml
    step_timeout: float = 600  # time in which they must arrive
    max_class_share_difference: float = 0.2
    max_confidence_difference: float = 0.1
    prometheus_login_file: str = ""  # a line `name:password`; empty: Prometheus has no logins
    verify_key_file: str = ""  # public key that verifies models; empty: they need no signature
    prometheus_ca_file: str = ""  # authority of its certificate; empty: those of the system
    runtime_dir: Path = Path("/run")  # parent of the lock file and of the slots' runtime directories

    @property
    def lock_file(self) -> Path:
        """The lock of this host."""
        return self.runtime_dir / "ml-workshop-deploy.lock"

    def slot_socket(self, slot: str) -> Path:
        """Return the Unix socket of a slot."""
        return self.runtime_dir / f"inference-{slot}" / "http.sock"

    def release_dir(self, release: str) -> Path:
        """Return the directory of a release."""
        return self.app_dir / "releases" / release

    def model_dir(self, revision: str) -> Path:
        """Return the directory of a pulled model."""
        return self.models_dir / revision


def read_settings(path: Path) -> Settings:
    """Read deploy.json."""
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
    for name, entry in known.items():
        if name not in raw:
            if entry.default is MISSING:
                raise DeployError(f"{path}: setting {name} is missing: run the role inference.")
            continue
        if not _has_type(raw[name], entry.type):
            kind = "an absolute path" if entry.type is Path else getattr(entry.type, "__name__", entry.type)
            raise DeployError(f"{path}: setting {name} is {raw[name]!r}: it must be {kind}.")
        if entry.type is Path:
            raw[name] = Path(raw[name])
    settings = Settings(**raw)
    for option in settings.serve_options:
        if not _SERVE_OPTION.fullmatch(option):
            raise DeployError(f"{path}: serve_options has {option!r}: use no spaces, quotes or '$' in it.")
    check_steps(settings.steps)
    return settings


def check_steps(steps: list[int]) -> None:
    """Check that the traffic shares of a canary, in percent, ascend from 1 or more to 100."""
    if not steps or sorted(set(steps)) != steps or steps[0] < 1 or steps[-1] != 100:
        raise DeployError(
            f"Steps {','.join(map(str, steps))} do not ascend from 1 or more to 100: "
            "set for example 1,10,50,100."
        )


def _has_type(value: object, kind: Any) -> bool:  # noqa: ANN401  # a type, or list[...] of one
    if kind is Path:
        return isinstance(value, str) and value.startswith("/")
    if isinstance(value, list):
        return get_origin(kind) is list and all(_has_type(item, get_args(kind)[0]) for item in value)
    accepted = (int, float) if kind is float else get_origin(kind) or kind
    return isinstance(value, accepted) and not isinstance(value, bool)
