"""Names of requests, by which a client's log, ours and an answer find each other."""

import itertools
import re
import secrets

HEADER = "X-Request-ID"

# What may stand in a header, a log line and a shell without quoting.
_sane = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}").fullmatch


class RequestIds:
    """Makes names that no other worker makes; safe to share between threads."""

    def __init__(self) -> None:
        """Draw this worker's prefix."""
        self._prefix = secrets.token_hex(6)
        self._numbers = itertools.count(1)

    def make(self) -> str:
        """Return a new name."""
        return f"{self._prefix}-{next(self._numbers)}"

    def choose(self, given: str | None) -> str:
        """Return the name that the client gave, or a new one for none or one that could inject something."""
        return given if given is not None and _sane(given) else self.make()
