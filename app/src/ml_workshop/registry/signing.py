"""Signatures of models in the format of OpenSSF Model Signing, with a pair of elliptic curve keys.

Signed are the manifest and the files that programs read. Import this module only to sign or to verify:
model_signing and its dependencies are heavy.
"""

from pathlib import Path

from model_signing import hashing, signing, verifying

from ml_workshop.atomic import write_error
from ml_workshop.errors import ModelError
from ml_workshop.model.artifact import MANIFEST, SIGNATURE
from ml_workshop.model.manifest import LOADED


def sign(directory: Path, private_key: Path) -> None:
    """Write the signature of a model into its directory.

    Raises:
        ModelError: The key cannot be used.
        OutputError: The signature cannot be written.
    """
    directory = directory.resolve()  # model_signing refuses links
    try:
        config = signing.Config().use_elliptic_key_signer(private_key=private_key)
    except Exception as error:  # several libraries read the key
        raise ModelError(_unusable(private_key, "private", error)) from error
    try:
        config.set_hashing_config(_hashing(directory)).sign(directory, directory / SIGNATURE)
    except OSError as error:
        raise write_error(directory / SIGNATURE, error) from error


def verify(directory: Path, public_key: Path, source: str) -> None:
    """Check the signature of a model.

    Args:
        directory: The model.
        public_key: The key whose private part must have signed it.
        source: Name of the model in messages.

    Raises:
        ModelError: The model is not signed, was changed, or was signed with another key.
    """
    directory = directory.resolve()
    try:
        config = verifying.Config().use_elliptic_key_verifier(public_key=public_key)
    except Exception as error:  # as above
        raise ModelError(_unusable(public_key, "public", error)) from error
    if not (directory / SIGNATURE).is_file():
        raise ModelError(f"{source} is not signed, but {public_key} is set: publish it with a signing key.")
    try:
        config.set_hashing_config(_hashing(directory)).verify(directory, directory / SIGNATURE)
    except Exception as error:  # a malformed file can cause any exception
        raise ModelError(
            f"{SIGNATURE} of {source} cannot be verified with {public_key}: the model was changed "
            "or signed with another key, publish it again."
        ) from error


def _hashing(directory: Path) -> hashing.Config:
    signed = {MANIFEST, *LOADED}
    others = [path.relative_to(directory) for path in directory.iterdir() if path.name not in signed]
    return hashing.Config().set_ignored_paths(paths=others)


def _unusable(key: Path, kind: str, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else "it is not a P-256, P-384 or P-521 key in PEM"
    return f"{key} cannot be used as {kind} key: {reason}; docs/security.md shows how to make a pair."
