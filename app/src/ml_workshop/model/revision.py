"""The revision of a model directory."""

import json
from pathlib import Path

from ml_workshop.model.artifact import ORIGIN
from ml_workshop.model.manifest import content_revision


def write_origin(directory: Path, repo: str, revision: str) -> None:
    """Note where a pulled model came from."""
    (directory / ORIGIN).write_text(json.dumps({"repo": repo, "revision": revision}) + "\n", encoding="utf-8")


def model_revision(directory: Path) -> str:
    """Return the revision that a model was pulled as; of one that was not pulled, the name of its content.

    Raises:
        ModelError: The directory is not a model.
    """
    try:
        return str(json.loads((directory / ORIGIN).read_text(encoding="utf-8"))["revision"])
    except (OSError, ValueError, KeyError, TypeError):
        return content_revision(directory)
