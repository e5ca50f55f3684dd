"""Progress of a training: a bar in a terminal, plain lines in a log."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

log = logging.getLogger("ml_workshop")

SECONDS_BETWEEN_LINES = 10.0


class Bar(Protocol):
    """Counts steps."""

    def update(self, n: int = 1) -> object:
        """Count n more steps."""


class _Lines:
    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._done = title, total, 0
        self._last = time.monotonic()

    def update(self, n: int = 1) -> None:
        self._done += n
        if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            share = 100 * self._done // self._total
            log.info("%s: %d of %d steps (%d %%)", self._title, self._done, self._total, share)


@contextmanager
def progress(title: str, total: int, row: int = 0) -> Iterator[Bar]:
    """Yield a counter of steps that shows their progress.

    Args:
        title: Name of the steps.
        total: Number of steps.
        row: Line of the terminal for the bar, when several are shown.
    """
    started = time.monotonic()
    if sys.stderr.isatty():
        from tqdm import tqdm  # type: ignore[import-untyped]

        with tqdm(total=total, desc=title, leave=False, position=row) as bar:
            yield bar
    else:
        log.info("%s: %d steps begin", title, total)
        yield _Lines(title, total)
    log.info("%s: %d steps in %.1f s", title, total, time.monotonic() - started)
