"""What one request may ask for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a request.

    Attributes:
        body_bytes: Largest body.
        texts: Most texts in one request.
        text_characters: Longest text.
        seconds: Longest time for a client to send a request, and for a worker to be stuck.
    """

    body_bytes: int = 1_048_576
    texts: int = 64
    text_characters: int = 100_000
    seconds: int = 30
