"""`ml-workshop serve`."""

import argparse
import atexit
import os
import re
import shutil
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from ml_workshop.cli.options import add_model, add_numbers, subcommand, whole_number
from ml_workshop.errors import ServingError

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands

_METRICS = "PROMETHEUS_MULTIPROC_DIR"


def register(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    summary = "serve a model over HTTP until a signal ends it"
    parser = subcommand(subcommands, "serve", _serve, "serve", summary)
    add_model(parser)
    host = "address to listen on with --port (default: %(default)s)"
    parser.add_argument("--host", default="127.0.0.1", help=host)
    address = parser.add_mutually_exclusive_group()
    address.add_argument("--socket", type=Path, metavar="PATH", help="Unix socket to listen on")
    port = "port to listen on (default: %(default)s)"
    address.add_argument("--port", type=whole_number(1, 65535), default=8000, metavar="N", help=port)
    grace = "seconds that requests in progress have to finish at a stop"
    add_numbers(
        parser,
        ("--workers", whole_number(1, 256), os.cpu_count() or 1, "processes"),
        ("--threads", whole_number(1, 256), 4, "threads per process, for long requests"),
        ("--timeout", whole_number(1, 3600), 30, "seconds in which the body of a request must arrive"),
        ("--graceful-timeout", whole_number(1, 3600), 30, grace),
        ("--max-body-bytes", whole_number(1024, 2**30), 1_048_576, "largest body of a request"),
        ("--max-texts", whole_number(1, 10_000), 64, "most texts in a request"),
        ("--max-text-characters", whole_number(1, 2**30), 100_000, "longest text"),
    )
    name = "name of the model under /v2/models/ (default: %(default)s)"
    parser.add_argument("--model-name", type=_path_segment, default="sentiment", metavar="NAME", help=name)
    log = "one JSON line per request on standard output (default: yes)"
    parser.add_argument("--access-log", action=argparse.BooleanOptionalAction, default=True, help=log)


def _path_segment(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not 1 to 64 letters, digits, dots, dashes or underscores"
        )
    return text


def _serve(options: argparse.Namespace) -> None:
    _prepare_environment()
    from ml_workshop.serving.bodies import Limits
    from ml_workshop.serving.server import Settings, serve

    limits = Limits(
        body_bytes=options.max_body_bytes,
        texts=options.max_texts,
        text_characters=options.max_text_characters,
        explained_characters=min(Limits.explained_characters, options.max_text_characters),
        seconds=options.timeout,
    )
    names = {field.name for field in fields(Settings)} - {"limits"}
    serve(Settings(limits=limits, **{name: getattr(options, name) for name in names}))


def _prepare_environment() -> None:
    """Set the environment variables that libraries read when they are imported.

    PROMETHEUS_MULTIPROC_DIR is the directory of the workers' metrics (default: a temporary one); files of an
    earlier run are removed. Linear algebra has one thread per process.
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
    if os.getpid() == owner:  # workers run this at exit, too
        shutil.rmtree(directory, ignore_errors=True)
