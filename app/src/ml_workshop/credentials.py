"""Secrets that systemd's LoadCredential= gives a process."""

import os
from pathlib import Path

from ml_workshop.errors import TokenError


def credential(name: str) -> str | None:
    """Return the credential of this name, None without one.

    Raises:
        OSError, UnicodeDecodeError: It cannot be read.
    """
    path = Path(os.environ.get("CREDENTIALS_DIRECTORY", ""), name)
    return path.read_text(encoding="utf-8").strip() or None if path.is_absolute() and path.exists() else None


def hub_token() -> str | None:
    """Return the credential `hub_token`, the token of the Hugging Face hub.

    HF_TOKEN, HF_TOKEN_PATH and a stored login take precedence; the client reads them itself.

    Returns:
        The token; None if the client finds its own.

    Raises:
        TokenError: The credential cannot be read.
    """
    if "HF_TOKEN" in os.environ or "HF_TOKEN_PATH" in os.environ:
        return None
    try:
        return credential("hub_token")
    except (OSError, UnicodeDecodeError) as error:
        raise TokenError(f"The hub token in $CREDENTIALS_DIRECTORY cannot be read: {error}.") from error
