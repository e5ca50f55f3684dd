"""A model repository in a directory: revisions/<revision>/ and refs/latest."""

import contextlib
import fcntl
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from ml_workshop.atomic import new_directory, replace_file
from ml_workshop.errors import ModelError, RegistryError, RevisionNotFoundError
from ml_workshop.model.artifact import MANIFEST, SIGNATURE
from ml_workshop.model.manifest import content_revision, published_files
from ml_workshop.registry.repository import LATEST

_REVISION = re.compile(r"[0-9a-f]{40}")
_PREFIX = re.compile(r"[0-9a-f]{7,39}")


class DirectoryRepository:
    """A repository for one machine, or for a shared file system that honours flock.

    A revision is the hash of its content: it never changes, and a second push of the same model adds none.
    A signature is no part of the content: a push replaces it.
    """

    def __init__(self, path: str) -> None:
        """Store the path; the first push creates the directory.

        Raises:
            RegistryError: The path is not absolute.
        """
        self._root = Path(path)
        if not self._root.is_absolute():
            raise RegistryError(f"Model repository dir://{path} is not an absolute path: write dir:///path.")

    def resolve(self, revision: str) -> str:
        """See `Repository.resolve`; a prefix of 7 or more digits is enough."""
        latest = self._latest()
        if revision == LATEST:
            if latest is None:
                raise RevisionNotFoundError(
                    f"Model repository dir://{self._root} is empty: train and push a model first."
                )
            return latest
        if _PREFIX.fullmatch(revision):
            matches = [path.name for path in (self._root / "revisions").glob(f"{revision}*")]
            if len(matches) > 1:
                raise RevisionNotFoundError(
                    f"Model repository dir://{self._root} has {len(matches)} revisions that begin with "
                    f"{revision}: give more digits."
                )
            revision = matches[0] if matches else revision
        if not _REVISION.fullmatch(revision) or not self._revision(revision).is_dir():
            raise RevisionNotFoundError(
                f"Model repository dir://{self._root} has no revision {revision}"
                + (f"; the latest is {latest}." if latest else ": it is empty.")
            )
        return revision

    def fetch(self, revision: str, into: Path) -> None:
        """See `Repository.fetch`."""
        source = self._revision(self.resolve(revision))
        try:
            for path in source.iterdir():
                if path.is_symlink() or not path.is_file():
                    raise ModelError(f"{path} is not a regular file: push the model again.")
                shutil.copy2(path, into)
        except OSError as error:
            if error.filename2 is None and str(error.filename).startswith(str(source)):
                raise RegistryError(f"{error.filename} cannot be read: {error.strerror}.") from error
            raise  # `into` cannot be written
        if content_revision(into) != revision:
            raise ModelError(
                f"{MANIFEST} of revision {revision} was changed after publishing: push the model again."
            )

    def publish(self, directory: Path) -> str:
        """See `Repository.publish`."""
        revision = content_revision(directory)
        with self._locked():
            for leftover in (self._root / "revisions").glob(".*.partial-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            if not self._revision(revision).exists():
                with new_directory(self._revision(revision)) as partial:
                    for name in published_files(directory):
                        shutil.copyfile(directory / name, partial / name)
            elif (directory / SIGNATURE).exists():
                copy = shutil.copyfile(directory / SIGNATURE, self._root / f".{SIGNATURE}")
                copy.replace(self._revision(revision) / SIGNATURE)
            if self._latest() != revision:
                replace_file(self._root / "refs" / LATEST, revision + "\n")
        return revision

    def _revision(self, revision: str) -> Path:
        return self._root / "revisions" / revision

    def _latest(self) -> str | None:
        try:
            return (self._root / "refs" / LATEST).read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise RegistryError(f"{self._root / 'refs' / LATEST} cannot be read: {error}.") from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of writers; readers need none."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with (self._root / ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise RegistryError(
                f"Model repository {self._root} cannot be written: {error.strerror or error}."
            ) from error
