"""Gunicorn with our application.

The master only knows which model directory to serve; each worker maps it into memory. A reload (SIGHUP) looks
at the path again: a link that now leads to another model takes effect, unless that model is not intact.
"""

import logging
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]
from prometheus_client.multiprocess import mark_process_dead

from ml_workshop.errors import ModelError, ServingError
from ml_workshop.serving.app import MODEL_NAME, create_app
from ml_workshop.serving.limits import Limits
from ml_workshop.serving.log_lines import GunicornLogger, install
from ml_workshop.serving.model import load_model

log = logging.getLogger("ml_workshop")


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Attributes:
        model: Model directory, or a link to one.
        host: Address to listen on, unless systemd hands over a socket.
        port: Port to listen on.
        workers: Processes.
        threads: Threads per process.
        graceful_timeout: Seconds that requests under way have to finish at a stop or reload.
        limits: Of a request.
        model_name: What the model is called in the V2 protocol.
        access_log: Whether each request is a line on standard output.
    """

    model: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 4
    graceful_timeout: int = 30
    limits: Limits = field(default_factory=Limits)
    model_name: str = MODEL_NAME
    access_log: bool = True


class Server(BaseApplication):  # type: ignore[misc]
    """Our application, as Gunicorn wants it."""

    def __init__(self, settings: Settings) -> None:
        """Check the model and prepare Gunicorn.

        Raises:
            ModelError: There is no intact model.
        """
        self._settings = settings
        self._model = self._checked_model()
        super().__init__()

    def load_config(self) -> None:
        """Tell Gunicorn what we want; called again at each reload."""
        settings = self._settings
        options: dict[str, Any] = {
            "bind": f"{settings.host}:{settings.port}",
            "workers": settings.workers,
            "worker_class": "ml_workshop.serving.event_loop.EventLoopWorker",
            "logger_class": GunicornLogger,
            "threads": settings.threads,
            "timeout": settings.limits.seconds,
            "graceful_timeout": settings.graceful_timeout,
            "keepalive": 15,
            "max_requests": 0,  # metrics files pile up with each worker that was
            "preload_app": False,  # or a reload would serve the old model
            "control_socket_disable": True,
            # No proxy is in front of us, and nobody may tell us what we are called or where a client is.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "child_exit": _child_exit,
            "proc_name": "ml-workshop",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application, in a worker."""
        settings = self._settings
        standard_output = 1 if settings.access_log else None
        return create_app(load_model(self._model), settings.limits, settings.model_name, standard_output)

    def reload(self) -> None:
        """Look at the model path again; keep what is served when the model there is not intact."""
        try:
            self._model = self._checked_model()
        except ModelError as error:
            log.error("ml-workshop: the reload keeps %s: %s", self._model, error)
        super().reload()

    def _checked_model(self) -> Path:
        directory = self._settings.model.resolve()
        revision = load_model(directory).revision
        log.info("serving %s, revision %s", directory, revision)
        return directory


def serve(settings: Settings) -> None:
    """Serve until a signal ends it.

    Raises:
        ModelError: There is no intact model.
        ServingError: The address cannot be listened on.
    """
    install()
    server = Server(settings)
    if "LISTEN_FDS" not in os.environ:
        _check_address(settings.host, settings.port)
    server.run()


def _check_address(host: str, port: int) -> None:
    """Gunicorn would try for seconds and then log, not explain."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ServingError(
            f"{host}:{port} cannot be listened on ({error.strerror}): choose another --host or --port."
        ) from error


def _child_exit(_arbiter: Arbiter, worker: Worker) -> None:
    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
