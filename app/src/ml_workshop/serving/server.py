"""Gunicorn with the application of this package."""

import asyncio
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]

from ml_workshop.errors import ServingError
from ml_workshop.model.loading import ServedModel, load_model
from ml_workshop.serving.app import MODEL_NAME, create_app
from ml_workshop.serving.asgi import WsgiAdapter
from ml_workshop.serving.bodies import Limits
from ml_workshop.serving.logs import log_as_json
from ml_workshop.serving.middleware import set_nonblocking

log = logging.getLogger("ml_workshop")

_BACKLOG = 2048
"""Connections that wait to be accepted."""

_STOP = {signal.SIGTERM, signal.SIGQUIT, signal.SIGINT}


@dataclass(frozen=True)
class Settings:
    """The options of `ml-workshop serve`; it listens on TCP if there is no `socket`."""

    model: Path
    socket: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 4
    graceful_timeout: int = 30
    limits: Limits = field(default_factory=Limits)
    model_name: str = MODEL_NAME
    access_log: bool = True


def _begin(worker: Worker) -> None:
    set_nonblocking(2)
    sys.setswitchinterval(0.001)  # the event loop waits less for a thread that computes
    loop = asyncio.get_event_loop()
    loop.call_soon(signal.pthread_sigmask, signal.SIG_UNBLOCK, _STOP)
    # By then the worker listens, for which the loop has set the backlog of the shared socket to 100.
    loop.call_later(1, worker.sockets[0].sock.listen, _BACKLOG)


class Server(BaseApplication):  # type: ignore[misc]
    """A Gunicorn application; the workers share the memory of the model that the master has loaded."""

    def __init__(self, settings: Settings, model: ServedModel, listener: socket.socket) -> None:
        """Configure Gunicorn."""
        self._settings = settings
        self._model = model
        self._listener = listener
        super().__init__()

    def load_config(self) -> None:
        """Configure Gunicorn."""
        settings = self._settings
        options: dict[str, Any] = {
            "bind": f"fd://{self._listener.fileno()}",
            "backlog": _BACKLOG,
            "workers": settings.workers,
            "worker_class": "asgi",
            "asgi_loop": "uvloop",
            "asgi_lifespan": "off",
            "http_parser": "auto",  # with gunicorn_h1c where it is installed: it has no wheels, and saves 7 %
            # Also the longest wait for a piece of a body. A worker reports once per second that it is alive.
            "timeout": max(settings.limits.seconds, 2),
            "graceful_timeout": settings.graceful_timeout,
            "keepalive": 5,
            "control_socket_disable": True,
            # No header of a client changes the scheme, the path or the name of the server.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "errorlog": os.devnull,  # log_as_json() has a handler of its own
            # uvloop loses signals that arrive before it runs; blocked, they wait.
            "post_fork": lambda _arbiter, _worker: signal.pthread_sigmask(signal.SIG_BLOCK, _STOP),
            "post_worker_init": _begin,
            "proc_name": "ml-workshop",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> WsgiAdapter:
        """Create the application, in a worker."""
        settings = self._settings
        standard_output = 1 if settings.access_log else None
        app = create_app(self._model, settings.limits, settings.model_name, standard_output)
        return WsgiAdapter(app, settings.limits, settings.threads)


def serve(settings: Settings) -> None:
    """Serve until a signal ends it.

    Raises:
        ModelError: There is no intact model.
        ServingError: It cannot listen on the address.
    """
    log_as_json()
    model = load_model(settings.model)
    log.info("serving %s, revision %s", settings.model.resolve(), model.revision)
    Server(settings, model, _listen(settings)).run()


def _listen(settings: Settings) -> socket.socket:
    """Open the socket: Gunicorn would retry for seconds, and then log without an explanation."""
    try:
        if settings.socket is None:
            family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
            return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
        settings.socket.unlink(missing_ok=True)  # of a server that was killed
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(settings.socket))
        settings.socket.chmod(0o777)  # who may enter its directory may connect
        return listener
    except OSError as error:
        address = settings.socket or f"{settings.host}:{settings.port}"
        reason = error.strerror or error
        raise ServingError(
            f"The server cannot listen on {address} ({reason}): choose another --socket, --host or --port."
        ) from error
