"""Standard error and standard output of the server: one JSON object per line."""

import json
import logging
import os
import time
from contextlib import suppress

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

LONGEST_STRING = 256
"""Characters of what a client chose in a line; with all fields, a line stays below PIPE_BUF (4096)."""

quoted = json.encoder.encode_basestring_ascii
"""A string as ASCII JSON, in quotes; whatever is in it, it cannot end the line."""


class Clock:
    """Formats the time of log lines, the part above a second once per second."""

    def __init__(self) -> None:
        """Start with no second formatted."""
        self._formatted = (0, "")

    def __call__(self, now: float) -> str:
        """Return seconds since the epoch as ISO 8601, UTC, with milliseconds."""
        second = int(now)
        formatted = self._formatted  # a pair, so that threads see both or neither
        if formatted[0] != second:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._formatted = formatted = (second, text)
        return f"{formatted[1]}.{int((now - second) * 1000):03d}Z"


def write_line(descriptor: int, line: str) -> None:
    """Write one line at once, so that lines of other threads and processes cannot come in between.

    A log that cannot be written is no reason to fail a request.
    """
    with suppress(OSError):
        os.write(descriptor, line.encode("ascii"))


class JsonLines(logging.Formatter):
    """Formats records of the logging module: what happens rarely, and what libraries say."""

    _clock = Clock()

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; fields come from `extra={"fields": {...}}`."""
        line = {
            "time": self._clock(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class GunicornLogger(Logger):  # type: ignore[misc]
    """Gunicorn's own lines, in the same format."""

    def setup(self, cfg: Config) -> None:
        """Set Gunicorn's loggers up; called again at each reload."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())


def install() -> None:
    """Format what goes to the root logger."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonLines())
