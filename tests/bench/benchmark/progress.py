"""Progress messages."""

import sys
import time

_BEGIN = time.monotonic()


def progress(line: str) -> None:
    """Print a line with the seconds since the start, on standard error."""
    print(f"[{time.monotonic() - _BEGIN:4.0f} s] {line}", file=sys.stderr, flush=True)
