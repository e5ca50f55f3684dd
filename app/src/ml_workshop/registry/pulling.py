"""Pull a model from a repository, and verify its manifest and, with a public key, its signature.

Functions take a repository hf://user/name or dir:///absolute/path and a revision or "latest", and raise
ModelError (files differ from manifest or signature), RegistryError (no such repository or revision) or
OutputError.
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


def pull_to_output_dir(repo: str, revision: str, output: Path, key: Path | None = None) -> tuple[str, Path]:
    """Pull a model into `output`, which may hold a model; return the full revision and the directory."""
    repository = open_repository(repo)
    full = repository.resolve(revision)
    if not _is_intact(output, full, key):
        with new_directory(output, replaces=MANIFEST) as partial:
            _fetch(repository, repo, full, partial, key)
    return full, output.absolute()


def pull_to_models_dir(repo: str, revision: str, models: Path, key: Path | None = None) -> tuple[str, Path]:
    """Pull a model into `models`/<revision>; return the full revision and the directory.

    A full revision with an intact copy on disk needs no request.
    """
    if _FULL.fullmatch(revision) and _is_intact(models / revision, revision, key):
        return revision, (models / revision).absolute()
    full = open_repository(repo).resolve(revision)
    return pull_to_output_dir(repo, full, models / full, key)


def _fetch(repository: Repository, repo: str, revision: str, directory: Path, key: Path | None) -> None:
    repository.fetch(revision, directory)
    _verify(directory, f"{repo} revision {revision}", key)
    write_origin(directory, repo, revision)


def _verify(directory: Path, source: str, key: Path | None) -> None:
    verify_manifest(directory, source)
    if key:
        from ml_workshop.registry.signing import verify

        verify(directory, key, source)


def _is_intact(directory: Path, revision: str, key: Path | None) -> bool:
    if not directory.is_dir():
        return False
    try:
        _verify(directory, str(directory), key)
    except ModelError:
        return False
    return model_revision(directory) == revision
