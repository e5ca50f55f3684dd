"""Fetching a model and trusting it only after its manifest."""

import re
from pathlib import Path

from ml_workshop.atomic import new_directory
from ml_workshop.errors import ModelError
from ml_workshop.model.artifact import MANIFEST
from ml_workshop.model.manifest import verify_manifest
from ml_workshop.model.revision import model_revision, write_origin
from ml_workshop.registry.repository import Repository, open_repository

_FULL = re.compile(r"[0-9a-f]{40}")


def pull_to(repo: str, revision: str, output: Path) -> tuple[str, Path]:
    """Fetch a model into a directory of a person's choice.

    Args:
        repo: hf://user/name or dir:///absolute/path.
        revision: A revision or "latest".
        output: Directory to make; a model that is there is replaced unless it is this revision, intact.

    Returns:
        The full revision, and the directory.

    Raises:
        ModelError: The files are not those of the manifest; names the first.
        RegistryError: The repository or the revision is not there.
        OutputError: The directory cannot be written.
    """
    repository = open_repository(repo)
    full = repository.resolve(revision)
    if not _is_intact(output, full):
        with new_directory(output, replaces=MANIFEST) as partial:
            _fetch(repository, repo, full, partial)
    return full, output.absolute()


def pull_into(repo: str, revision: str, models: Path) -> tuple[str, Path]:
    """Fetch a model into `models`/<revision>.

    The repository is not asked for a full revision of which an intact copy is there.

    Args:
        repo: hf://user/name or dir:///absolute/path.
        revision: A revision or "latest".
        models: Directory of pulled models.

    Returns:
        The full revision, and its directory.

    Raises:
        ModelError: The files are not those of the manifest; names the first.
        RegistryError: The repository or the revision is not there.
        OutputError: The directory cannot be written.
    """
    if _FULL.fullmatch(revision) and _is_intact(models / revision, revision):
        return revision, (models / revision).absolute()
    full = open_repository(repo).resolve(revision)
    return pull_to(repo, full, models / full)


def _fetch(repository: Repository, repo: str, revision: str, directory: Path) -> None:
    repository.fetch(revision, directory)
    verify_manifest(directory, f"{repo} revision {revision}")
    write_origin(directory, repo, revision)


def _is_intact(directory: Path, revision: str) -> bool:
    if not directory.is_dir():
        return False
    try:
        verify_manifest(directory)
    except ModelError:
        return False
    return model_revision(directory) == revision
