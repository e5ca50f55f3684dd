"""Pull a model from a repository and verify its manifest.

Functions take a repository hf://user/name or dir:///absolute/path and a revision or "latest", and raise
ModelError (files differ from the manifest), RegistryError (no such repository or revision) or OutputError.
"""

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
    """Pull a model into `output`, which may hold a model; return the full revision and the directory."""
    repository = open_repository(repo)
    full = repository.resolve(revision)
    if not _is_intact(output, full):
        with new_directory(output, replaces=MANIFEST) as partial:
            _fetch(repository, repo, full, partial)
    return full, output.absolute()


def pull_into(repo: str, revision: str, models: Path) -> tuple[str, Path]:
    """Pull a model into `models`/<revision>; return the full revision and the directory.

    A full revision with an intact copy on disk needs no request.
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
