"""The token of the Hugging Face hub."""

import os
from pathlib import Path

from ml_workshop.errors import TokenError


def hub_token() -> str | None:
    """Return the token that systemd's LoadCredential= gave this process as `hub_token`.

    HF_TOKEN, HF_TOKEN_PATH and a stored login take precedence; the client reads them itself.

    Returns:
        The token; None if the client finds its own.

    Raises:
        TokenError: The credential cannot be read.
    """
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory or "HF_TOKEN" in os.environ or "HF_TOKEN_PATH" in os.environ:
        return None
    path = Path(directory) / "hub_token"
    if not path.exists():
        return None
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise TokenError(f"The hub token in {path} cannot be read: {error}.") from error
