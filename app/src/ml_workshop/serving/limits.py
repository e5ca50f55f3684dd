"""What one request may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a request.

    Attributes:
        body_bytes: Largest body.
        texts: Most texts in one request.
        text_characters: Longest text.
        explained_characters: Longest text that is explained: an explanation is up to a hundred times as long.
        seconds: Longest time for a client to send a body.
    """

    body_bytes: int = 1_048_576
    texts: int = 64
    text_characters: int = 100_000
    explained_characters: int = 16_384
    seconds: int = 30
