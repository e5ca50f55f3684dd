"""The interface of model repositories, and their addresses."""

from pathlib import Path
from typing import Protocol

from ml_workshop.errors import RegistryError

LATEST = "latest"


class Repository(Protocol):
    """Immutable revisions of a model, and a name for the newest."""

    def resolve(self, revision: str) -> str:
        """Return the full revision that a name such as "latest" means now.

        Raises:
            RevisionNotFoundError: There is none.
            RegistryError: The repository cannot be reached.
        """

    def fetch(self, revision: str, into: Path) -> None:
        """Copy the files of a full revision into an empty directory.

        Raises:
            RevisionNotFoundError: There is no such revision.
            RegistryError: The repository cannot be read.
            OSError: The directory cannot be written.
        """

    def publish(self, directory: Path) -> str:
        """Publish the files of a directory as the latest revision; the same files keep their revision.

        Raises:
            RegistryError: The repository cannot be written.
        """


def open_repository(repo: str) -> Repository:
    """Return the repository hf://user/name or dir:///absolute/path.

    Raises:
        RegistryError: The address has another form.
    """
    scheme, separator, place = repo.partition("://")
    if separator and scheme == "hf":
        from ml_workshop.registry.hub import HubRepository

        return HubRepository(place)
    if separator and scheme == "dir":
        from ml_workshop.registry.directory import DirectoryRepository

        return DirectoryRepository(place)
    raise RegistryError(f"Model repository {repo!r} is neither hf://user/name nor dir:///absolute/path.")
