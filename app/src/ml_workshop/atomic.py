"""Atomic writes of files and directories."""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ml_workshop.errors import OutputError

_DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)


def write_error(path: Path, error: OSError) -> OutputError:
    """Return the error of a file or directory that cannot be written."""
    advice = ": free space there" if error.errno in _DISK_IS_FULL else ""
    return OutputError(f"{path} cannot be written: {error.strerror or error}{advice}.")


def replace_file(target: Path, content: str) -> None:
    """Write a file atomically, and create its directory.

    Raises:
        OutputError: The file cannot be written.
    """
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise write_error(target, error) from error


@contextlib.contextmanager
def new_directory(target: Path, *, replaces: str | None = None) -> Iterator[Path]:
    """Yield an empty directory that replaces `target` when the block ends without an error.

    A killed process leaves `target` unchanged; the next call for the same target removes its leftovers.

    Args:
        target: The directory to create.
        replaces: Name of a file; an existing `target` with this file may be replaced.

    Raises:
        OutputError: `target` exists and may not be replaced, or cannot be written.
    """
    target = target.absolute()
    _refuse_other_content(target, replaces)
    prefix = f".{target.name}.partial-"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target.parent, prefix)
        partial, lock = _make_locked(target.parent, prefix)
    except OSError as error:
        raise write_error(target, error) from error
    try:
        yield partial
        partial.chmod(0o755)
        _refuse_other_content(target, replaces)
        _put_in_place(partial, target)
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        os.close(lock)
        shutil.rmtree(partial, ignore_errors=True)


def remove_leftovers(parent: Path) -> None:
    """Remove leftovers of killed calls of `new_directory`; running processes keep theirs."""
    _sweep(parent, ".*.partial-")


def _refuse_other_content(target: Path, replaces: str | None) -> None:
    if not target.exists():
        return
    if target.is_dir() and (not any(target.iterdir()) or (replaces and (target / replaces).exists())):
        return
    raise OutputError(f"{target} exists and was not made by this command: name another directory.")


def _make_locked(parent: Path, prefix: str) -> tuple[Path, int]:
    while True:
        partial = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = os.open(partial, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if partial.exists():  # it was not swept before it was locked
            return partial, lock
        os.close(lock)


def _put_in_place(partial: Path, target: Path) -> None:
    try:
        partial.rename(target)  # also replaces an empty directory
    except OSError:
        if not target.is_dir():
            raise
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=target.parent))
        target.rename(old)
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)


def _sweep(parent: Path, prefix: str) -> None:
    """Remove directories of killed processes; a running process holds a lock on its directory."""
    for leftover in parent.glob(f"{prefix}*"):
        try:
            lock = os.open(leftover, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(leftover, ignore_errors=True)
        except OSError:
            continue
        finally:
            os.close(lock)
