"""No-op: Flask on Gunicorn's threaded worker, a constant answer, no metrics, no log.

`python -m peers.noop PORT WORKERS`.
"""

import sys

from flask import Flask, Response
from gunicorn.app.base import BaseApplication


class Noop(BaseApplication):
    """A constant answer."""

    def __init__(self, port: str, workers: str) -> None:
        """Configure Gunicorn."""
        self._settings = {
            "bind": f"127.0.0.1:{port}",
            "workers": int(workers),
            "worker_class": "gthread",
            "threads": 4,
            "keepalive": 15,
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        """Configure Gunicorn."""
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Create the application, in a worker."""
        app = Flask(__name__, static_folder=None)

        @app.post("/predict")
        def predict() -> Response:
            return Response(b'{"prediction":1}\n', content_type="application/json")

        return app


if __name__ == "__main__":
    Noop(*sys.argv[1:]).run()
