"""Files that tell systemd what a slot runs: its environment file, and the link that keeps its release."""

import hashlib
from pathlib import Path

from ml_workshop.atomic import replace_file
from ml_workshop.deploy.errors import DeployError
from ml_workshop.deploy.settings import Settings
from ml_workshop.deploy.state import Spec
from ml_workshop.errors import OutputError


def write_slot_files(settings: Settings, slot: str, spec: Spec | None) -> bool:
    """Write the files of a slot, or remove them if it has no spec; return whether that changed anything.

    Raises:
        OutputError: They cannot be written.
    """
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
    target = f"../releases/{spec.release}"
    changed = False
    if not link.is_symlink() or str(link.readlink()) != target:
        _replace_link(link, target)
        changed = True
    if not env_file.is_file() or env_file.read_text(encoding="utf-8") != content:
        replace_file(env_file, content)
        changed = True
    return changed


def current_release(settings: Settings) -> str:
    """Return the release that app/current links to.

    Raises:
        DeployError: There is no such link.
    """
    try:
        return (settings.app_dir / "current").readlink().name
    except OSError as error:
        raise DeployError(
            f"{settings.app_dir / 'current'} links to no release: run the role application."
        ) from error


def file_digest(path: Path) -> str:
    """Return the sha256 of a file.

    Raises:
        DeployError: It cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DeployError(f"{path} cannot be read ({error.strerror}): run the role inference.") from error


def dependencies_digest(settings: Settings) -> str:
    """Return the sha256 of names and versions of the packages installed for the interpreter."""
    found = settings.python.parent.parent.glob("lib/python3*/site-packages/*.dist-info")
    return hashlib.sha256("\n".join(sorted(path.name for path in found)).encode()).hexdigest()


def _replace_link(link: Path, target: str) -> None:
    partial = link.with_name(f".{link.name}.partial")
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        partial.symlink_to(target)
        partial.replace(link)
    except OSError as error:
        raise OutputError(f"{link} cannot be written: {error.strerror}.") from error
