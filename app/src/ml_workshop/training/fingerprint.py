"""A hash of everything that determines the result of a training."""

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import ml_workshop
from ml_workshop.training.recipe import Recipe

_CODE = ("data", "model", "text", "training")
_LIBRARIES = ("numpy", "torch")


def fingerprint(dataset_identity: str, recipe: Recipe) -> str:
    """Hash the code that trains, versions of what it computes with, the data set and the hyper-parameters.

    Args:
        dataset_identity: See `ml_workshop.data.loading.dataset_identity`.
        recipe: Hyper-parameters.

    Returns:
        64 hexadecimal digits. Equal for two runs only if nothing that determines the result differs.
    """
    package = Path(ml_workshop.__file__).parent
    sources = sorted(path for folder in _CODE for path in (package / folder).rglob("*.py"))
    code = hashlib.sha256()
    for path in sources:
        code.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes() + b"\0")
    determined_by = {
        "code": code.hexdigest(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "dataset": dataset_identity,
        "recipe": recipe.as_dict(),
    }
    return hashlib.sha256(json.dumps(determined_by, sort_keys=True).encode()).hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
