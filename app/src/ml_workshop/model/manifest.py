"""manifest.json: the files of a model and their hashes."""

import hashlib
import json
from pathlib import Path

from ml_workshop.errors import ModelError
from ml_workshop.model.artifact import CONFIG, MANIFEST, METRICS, ORIGIN, SIGNATURE, VOCABULARY, WEIGHTS

LOADED = (WEIGHTS, CONFIG, VOCABULARY, METRICS)
"""The files that programs load. Other files, such as the card, may be edited on the hub."""

_IGNORED = {MANIFEST, ORIGIN, SIGNATURE}


def write_manifest(directory: Path) -> None:
    """Write the manifest of the files in a directory."""
    files = {
        path.name: {"sha256": _sha256(path), "size": path.stat().st_size}
        for path in sorted(directory.iterdir())
        if path.name not in _IGNORED
    }
    (directory / MANIFEST).write_text(json.dumps({"files": files}, indent=2) + "\n", encoding="utf-8")


def verify_manifest(directory: Path, source: str | None = None) -> None:
    """Check that a directory holds no files but those of its manifest, and those that are loaded unchanged.

    Args:
        directory: Model directory.
        source: Name of the model in messages, if not the directory.

    Raises:
        ModelError: A file is missing, truncated, changed or not listed; names it.
    """
    source = source or str(directory)
    expected = _read(directory)
    for name in LOADED:
        if name not in expected:
            raise ModelError(f"{MANIFEST} of {source} does not list {name}: the model is incomplete.")
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if name not in expected and name not in _IGNORED:
            raise ModelError(f"{name} of {source} is unexpected: the manifest of the model does not list it.")
        if path.is_symlink() or not path.is_file():
            raise ModelError(f"{name} of {source} is not a regular file.")
    for name in LOADED:
        path, entry = directory / name, expected[name]
        if not path.exists():
            raise ModelError(f"{name} of {source} is missing although the manifest of the model lists it.")
        size = path.stat().st_size
        if size != entry["size"]:
            raise ModelError(
                f"{name} of {source} was truncated or changed: it has {size} bytes, not {entry['size']}."
            )
        if _sha256(path) != entry["sha256"]:
            raise ModelError(
                f"{name} of {source} was changed after publishing: its sha256 is not that of the manifest."
            )


def published_files(directory: Path) -> list[str]:
    """Return the names of the files that make up a model: those of the manifest, manifest and signature.

    Raises:
        ModelError: The directory has no manifest.
    """
    signature = [SIGNATURE] if (directory / SIGNATURE).exists() else []
    return [*_read(directory), MANIFEST, *signature]


def content_revision(directory: Path) -> str:
    """Return a name for the content of a model, made from its manifest: 40 hex digits, like a commit."""
    canonical = json.dumps(_read(directory), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:40]


def _read(directory: Path) -> dict[str, dict[str, object]]:
    path = directory / MANIFEST
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        if not all({"sha256", "size"} <= set(entry) and "/" not in name for name, entry in files.items()):
            raise ValueError("an entry is incomplete")
    except OSError as error:
        raise ModelError(f"{directory} is not a model directory: it has no readable {MANIFEST}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}.") from error
    return dict(files)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
