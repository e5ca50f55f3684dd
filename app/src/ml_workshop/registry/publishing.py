"""Push a model to a repository."""

import json
from pathlib import Path

from ml_workshop.atomic import replace_file
from ml_workshop.errors import ModelError, QualityGateError
from ml_workshop.model.artifact import CONFIG, METRICS, read_metrics
from ml_workshop.model.config import read_config
from ml_workshop.model.loading import load_model
from ml_workshop.model.manifest import verify_manifest
from ml_workshop.registry.repository import open_repository


def push(
    directory: Path, repo: str, min_accuracy: float | None = None, signing_key: Path | None = None
) -> str:
    """Publish a model directory of `train` and return its revision.

    Args:
        directory: The model.
        repo: hf://user/name or dir:///absolute/path.
        min_accuracy: Least accuracy on the test rows, 0 to 1.
        signing_key: Private key that signs the model.

    Raises:
        ModelError: The directory is not an intact model, it cannot be served, or the key cannot be used.
        QualityGateError: It is not accurate enough.
        RegistryError: The repository cannot be written.
    """
    repository = open_repository(repo)
    verify_manifest(directory)
    load_model(directory)
    if min_accuracy is not None:
        accuracy = read_metrics(directory).get("accuracy")
        if not isinstance(accuracy, float):
            raise ModelError(f"{directory / METRICS} has no accuracy.")
        if accuracy < min_accuracy:
            raise QualityGateError(
                f"{directory} is not published: its accuracy {accuracy:.4f} is below {min_accuracy:.4f}."
            )
    if signing_key:
        from ml_workshop.registry.signing import sign

        sign(directory, signing_key)
    return repository.publish(directory)


def write_record(file: Path, directory: Path, repo: str, revision: str) -> None:
    """Write fingerprint, repo, revision and accuracy of a published model, so that it is not trained again.

    Raises:
        ModelError: The directory is not a model.
        OutputError: The file cannot be written.
    """
    record = {
        "fingerprint": read_config(directory / CONFIG).fingerprint,
        "repo": repo,
        "revision": revision,
        "accuracy": read_metrics(directory).get("accuracy"),
    }
    replace_file(file, json.dumps(record, indent=2) + "\n")
