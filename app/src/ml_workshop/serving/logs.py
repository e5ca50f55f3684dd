"""Standard output and standard error of the server: one JSON object per line."""

import json
import logging
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime

LONGEST_STRING = 256
"""Characters of a string that a client chose; with all fields, a line stays below PIPE_BUF (4096)."""


def utc(now: float) -> str:
    """Return seconds since the epoch as ISO 8601, UTC, with milliseconds."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def set_nonblocking(descriptor: int) -> None:
    """Make writes to a pipe or a socket fail at once when it is full."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        os.set_blocking(descriptor, False)


class LineWriter:
    """Writes whole lines and never blocks; a line that cannot be written is dropped."""

    def __init__(self, descriptor: int, dropped: Callable[[], object]) -> None:
        """Prepare a file descriptor.

        Args:
            descriptor: File descriptor of the log; a pipe or a socket becomes non-blocking.
            dropped: Called for each line that could not be written.
        """
        set_nonblocking(descriptor)
        self._descriptor = descriptor
        self._dropped = dropped

    def __call__(self, line: str) -> None:
        """Write one line of at most PIPE_BUF bytes, which other processes cannot interrupt."""
        try:
            os.write(self._descriptor, line.encode("ascii"))
        except OSError:
            self._dropped()


class JsonFormatter(logging.Formatter):
    """Formats records of the logging module; fields come from `extra={"fields": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": utc(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def log_as_json() -> None:
    """Write the records of the root logger and of Gunicorn as JSON, to wherever the root logger writes."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())
        logging.getLogger("gunicorn.error").addHandler(handler)
