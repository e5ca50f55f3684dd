"""What one request may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a request.

    Attributes:
        body_bytes: Largest body.
        texts: Most texts in one request.
        text_characters: Longest text.
    """

    body_bytes: int = 1_048_576
    texts: int = 64
    text_characters: int = 100_000
