"""Records of the logging module, one JSON object per line."""

import json
import logging

from ml_workshop.serving.middleware import utc


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
