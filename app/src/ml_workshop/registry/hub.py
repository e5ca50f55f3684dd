"""A model repository on the Hugging Face hub."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from huggingface_hub import HfApi, get_token
from huggingface_hub import errors as hub_errors
from huggingface_hub.utils.tqdm import disable_progress_bars

from ml_workshop.credentials import hub_token
from ml_workshop.errors import MlWorkshopError, RegistryError, RevisionNotFoundError, TokenError
from ml_workshop.model.artifact import MANIFEST, SIGNATURE
from ml_workshop.model.manifest import published_files
from ml_workshop.registry.repository import LATEST

_REPO_ID = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")

_HUB_FILES = (".gitattributes", ".cache")
"""Files that the hub and its client add to those of a model."""

_SET_TOKEN = "set HF_TOKEN, or HF_TOKEN_PATH to a file with a token that may write"  # noqa: S105


class HubRepository:
    """A model repository hf://user/name; a revision is a commit."""

    def __init__(self, repo_id: str) -> None:
        """Store the name; no request is sent yet.

        Raises:
            RegistryError: This is not a valid name of a repository.
        """
        if not _REPO_ID.fullmatch(repo_id):
            raise RegistryError(f"Model repository hf://{repo_id} is not of the form hf://user/name.")
        self._repo_id = repo_id
        self._token = hub_token()
        self._api = HfApi(token=self._token)

    def resolve(self, revision: str) -> str:
        """See `Repository.resolve`; a full commit needs no request."""
        if _COMMIT.fullmatch(revision):
            return revision
        with self._translated_errors(revision):
            commit = self._api.model_info(
                self._repo_id, revision=None if revision == LATEST else revision
            ).sha
        if commit is None:
            raise RevisionNotFoundError(f"hf://{self._repo_id} is empty: train and push a model first.")
        return commit

    def fetch(self, revision: str, into: Path) -> None:
        """See `Repository.fetch`."""
        disable_progress_bars()
        with self._translated_errors(revision):
            download = partial(self._api.snapshot_download, self._repo_id, revision=revision, local_dir=into)
            download(allow_patterns=[MANIFEST, SIGNATURE])
            download(allow_patterns=published_files(into))
        for name in _HUB_FILES:
            path = into / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def publish(self, directory: Path) -> str:
        """See `Repository.publish`."""
        if not (self._token or get_token()):
            raise TokenError(f"Publishing to hf://{self._repo_id} needs a token: {_SET_TOKEN}.")
        disable_progress_bars()
        with self._translated_errors(LATEST):
            self._api.create_repo(self._repo_id, exist_ok=True)
            commit = self._api.upload_folder(
                repo_id=self._repo_id,
                folder_path=directory,
                allow_patterns=published_files(directory),
                delete_patterns="*",
                commit_message="Publish a model trained by ml-workshop",
            )
        return commit.oid

    @contextlib.contextmanager
    def _translated_errors(self, revision: str) -> Iterator[None]:
        """Turn exceptions of the client into errors with one sentence."""
        name = f"hf://{self._repo_id}"
        try:
            yield
        except hub_errors.RevisionNotFoundError as error:
            raise RevisionNotFoundError(f"Model repository {name} has no revision {revision}.") from error
        except hub_errors.LocalTokenNotFoundError as error:
            raise TokenError(f"Model repository {name} needs a token: {_SET_TOKEN}.") from error
        except hub_errors.HfHubHTTPError as error:
            status = error.response.status_code
            authorised = bool(self._token or get_token())
            if status in (401, 403) and authorised:
                raise TokenError(
                    f"The hub refused the token for {name} (HTTP {status}): "
                    f"check the name of the repository, and {_SET_TOKEN}."
                ) from error
            if isinstance(error, hub_errors.RepositoryNotFoundError) or status in (401, 403):
                raise RegistryError(
                    f"Model repository {name} does not exist or is private: check the name, or {_SET_TOKEN}."
                ) from error
            raise RegistryError(f"The hub answered HTTP {status} for {name}: try again later.") from error
        except hub_errors.OfflineModeIsEnabled as error:
            raise RegistryError(
                f"Model repository {name} cannot be reached: HF_HUB_OFFLINE is set."
            ) from error
        except MlWorkshopError:
            raise
        except Exception as error:  # errors of the client's HTTP library
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk, not the hub
            raise RegistryError(
                f"Model repository {name} cannot be reached ({_first_line(error)}): check the network."
            ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
