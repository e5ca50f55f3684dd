"""`ml-workshop serve`."""

import argparse
import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ml_workshop.cli.options import add_model, subcommand, whole_number
from ml_workshop.errors import ServingError

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands

_METRICS = "PROMETHEUS_MULTIPROC_DIR"


def register(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    parser = subcommand(
        subcommands, "serve", _serve, "serve", "serve a model over HTTP until a signal ends it"
    )
    add_model(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on with --port (default: %(default)s)"
    )
    address = parser.add_mutually_exclusive_group()
    address.add_argument("--socket", type=Path, metavar="PATH", help="Unix socket to listen on")
    address.add_argument(
        "--port",
        type=whole_number(1, 65535),
        default=8000,
        metavar="N",
        help="port to listen on (default: %(default)s)",
    )
    numbers = (
        ("--workers", whole_number(1, 256), os.cpu_count() or 1, "processes"),
        ("--threads", whole_number(1, 256), 4, "threads per process, for long requests"),
        ("--timeout", whole_number(1, 3600), 30, "seconds that the body of a request may take to arrive"),
        (
            "--graceful-timeout",
            whole_number(1, 3600),
            30,
            "seconds that requests in progress have to finish at a stop",
        ),
        ("--max-body-bytes", whole_number(1024, 2**30), 1_048_576, "largest body of a request"),
        ("--max-texts", whole_number(1, 10_000), 64, "most texts in a request"),
        ("--max-text-characters", whole_number(1, 2**30), 100_000, "longest text"),
    )
    for flag, kind, default, summary in numbers:
        parser.add_argument(
            flag, type=kind, default=default, metavar="N", help=f"{summary} (default: %(default)s)"
        )
    parser.add_argument(
        "--model-name",
        type=_path_segment,
        default="sentiment",
        metavar="NAME",
        help="name of the model under /v2/models/ (default: %(default)s)",
    )
    parser.add_argument(
        "--access-log",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="one JSON line per request on standard output (default: yes)",
    )


def _path_segment(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not 1 to 64 letters, digits, dots, dashes or underscores"
        )
    return text


def _serve(options: argparse.Namespace) -> None:
    _prepare_environment()
    from ml_workshop.serving.parsing import Limits
    from ml_workshop.serving.server import Settings, serve

    limits = Limits(
        body_bytes=options.max_body_bytes,
        texts=options.max_texts,
        text_characters=options.max_text_characters,
        explained_characters=min(Limits.explained_characters, options.max_text_characters),
        seconds=options.timeout,
    )
    serve(
        Settings(
            model=options.model,
            socket=options.socket,
            host=options.host,
            port=options.port,
            workers=options.workers,
            threads=options.threads,
            graceful_timeout=options.graceful_timeout,
            limits=limits,
            model_name=options.model_name,
            access_log=options.access_log,
        )
    )


def _prepare_environment() -> None:
    """Prepare what the server's libraries read when they are imported.

    PROMETHEUS_MULTIPROC_DIR names the directory of the workers' metrics; files of an earlier run are removed.
    Without it, a temporary directory is used. Linear algebra has one thread per process.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if _METRICS not in os.environ:
        os.environ[_METRICS] = tempfile.mkdtemp(prefix="ml-workshop-metrics-")
        atexit.register(_remove, os.environ[_METRICS], os.getpid())
    directory = Path(os.environ[_METRICS])
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for leftover in directory.glob("*.db"):
            leftover.unlink()
    except OSError as error:
        raise ServingError(f"{_METRICS}={directory} cannot be written: {error.strerror}.") from error


def _remove(directory: str, owner: int) -> None:
    if os.getpid() == owner:  # a worker runs this at its end, too
        shutil.rmtree(directory, ignore_errors=True)
