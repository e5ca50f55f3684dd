"""Answer chosen API calls with errors, as the real API does when quotas, rights or images are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape


@dataclass
class Fault:
    """One error to answer with.

    Attributes:
        action: API action, or `*` for all.
        code: error code of the API.
        message: its message.
        skip: calls that pass before the first error.
        times: errors before calls pass again; 0 is without end.
    """

    action: str
    code: str
    message: str = "Injected by the fake."
    skip: int = 0
    times: int = 0

    def applies(self, action: str) -> bool:
        """Count a call; return whether it fails."""
        if self.action not in ("*", action) or self.times < 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times:
            self.times = self.times - 1 or -1
        return True

    def xml(self) -> str:
        """Return the body of the answer; its form is right for EC2 and for STS."""
        error = f"<Error><Code>{escape(self.code)}</Code><Message>{escape(self.message)}</Message></Error>"
        return f"<Response><Errors>{error}</Errors>{error}<RequestID>fake</RequestID></Response>"


class Faults:
    """The errors in force."""

    def __init__(self) -> None:
        """Begin without errors."""
        self._faults: list[Fault] = []

    def set(self, faults: list[Mapping[str, Any]]) -> None:
        """Replace all errors."""
        self._faults = [Fault(**fault) for fault in faults]

    def answer(self, body: str) -> str | None:
        """Return the error for a request, None when it may pass.

        Args:
            body: the form of the request, with its Action.
        """
        action = parse_qs(body).get("Action", [""])[0]
        return next((fault.xml() for fault in self._faults if fault.applies(action)), None)
