"""No-op: Flask and Gunicorn at the service's own settings, a constant answer, no metrics, no log.

`python -m peers.noop MODEL PORT WORKERS [WORKER_CLASS]`; the model is only there to ask the service for its
settings. Without a worker class it takes the service's own one.
"""

import logging
import sys
from pathlib import Path

from flask import Flask, Response
from gunicorn.app.base import BaseApplication

SETTINGS = (
    "workers",
    "worker_class",
    "threads",
    "worker_connections",
    "backlog",
    "keepalive",
    "timeout",
    "reuse_port",
    "control_socket_disable",
)
"""What decides how Gunicorn takes a request; the rest of the service's settings are hooks and logs."""


class Noop(BaseApplication):
    """A constant answer."""

    def __init__(self, settings: dict[str, object]) -> None:
        """Take over Gunicorn settings."""
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Tell Gunicorn."""
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application, in a worker."""
        app = Flask(__name__, static_folder=None)
        logging.getLogger("gunicorn.access").disabled = True

        @app.post("/predict")
        def predict() -> Response:
            return Response(b'{"prediction":1}\n', content_type="application/json")

        return app


def service_settings(model: Path, port: int, workers: int) -> dict[str, object]:
    """Return the service's settings of Gunicorn."""
    from ml_workshop.serving.server import Server, Settings

    config = Server(Settings(model, port=port, workers=workers)).cfg
    return {"bind": config.bind, **{name: config.settings[name].get() for name in SETTINGS}}


if __name__ == "__main__":
    model, port, workers, *worker_class = sys.argv[1:]
    settings = service_settings(Path(model), int(port), int(workers))
    if worker_class:
        settings["worker_class"] = worker_class[0]
    Noop(settings).run()
