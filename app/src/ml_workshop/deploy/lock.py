"""One deployment per host at a time."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ml_workshop.deploy.errors import DeployLockedError
from ml_workshop.errors import OutputError


@contextlib.contextmanager
def deploy_lock(path: Path, by: str, since: str) -> Iterator[None]:
    """Hold the lock of this host; the kernel releases it when the process ends, however it ends.

    Raises:
        DeployLockedError: Another process holds it; names who and since when.
        OutputError: The lock file cannot be opened.
    """
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be opened: {error.strerror}; run this as root.") from error
    with file:
        if not _acquired(file, fcntl.LOCK_EX):
            holder = _read(file)
            raise DeployLockedError(
                f"A deployment is in progress: {holder.get('by', 'somebody')} started it at "
                f"{holder.get('since', 'an unknown time')} (process {holder.get('pid', 'unknown')}): "
                "try again when it has ended."
            )
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "by": by, "since": since}) + "\n")
        file.flush()
        yield
        file.truncate(0)


def lock_holder(path: Path) -> dict[str, object] | None:
    """Return {"pid", "by", "since"} of the process that holds the lock; None if none does."""
    try:
        with path.open(encoding="utf-8") as file:
            return None if _acquired(file, fcntl.LOCK_SH) else _read(file)
    except OSError:
        return None


def _acquired(file: IO[str], kind: int) -> bool:
    """Try for a fifth of a second: `lock_holder` also takes the lock, for a moment."""
    for _ in range(10):
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.02)
    return False


def _read(file: IO[str]) -> dict[str, object]:
    file.seek(0)
    try:
        return dict(json.loads(file.read()))
    except (ValueError, TypeError):
        return {}
