"""`ml-workshop deploy`, `rollback`, `status` and `history`."""

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_workshop.cli.options import printable, subcommand, whole_number
from ml_workshop.errors import MlWorkshopError

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands
    from ml_workshop.deploy.deployer import Deployer


def register(subcommands: "Subcommands") -> None:
    """Add the subcommands."""
    deploy = subcommand(subcommands, "deploy", _deploy, "serve", "serve a model and a release on this host")
    rollback = subcommand(
        subcommands, "rollback", _rollback, "serve", "serve the previous release and model again"
    )
    status = subcommand(subcommands, "status", _status, "serve", "show what this host serves")
    history = subcommand(subcommands, "history", _history, "serve", "show the last deployments of this host")
    settings = Path("/etc/ml-workshop/deploy.json")
    user = os.environ.get("SUDO_USER") or os.environ.get("USER") or f"user {os.getuid()}"
    file = "settings of deployments (default: %(default)s)"
    for parser in (deploy, rollback, status, history):
        parser.add_argument("--settings", type=Path, default=settings, metavar="FILE", help=file)
    for parser in (deploy, rollback):
        by = "user named in the journal (default: %(default)s)"
        parser.add_argument("--by", type=printable, default=user, help=by)
        parser.add_argument(
            "--reason", type=printable, default="", metavar="TEXT", help="free text, for the journal"
        )
        parser.add_argument("--dry-run", action="store_true", help="only print what would be done")
    add = deploy.add_argument
    revision = "'latest', a revision or its first digits (default: settings)"
    add("--revision", default="", metavar="R", help=revision)
    add("--release", default="", metavar="ID", help="release of the application (default: settings)")
    add("--steps", type=_steps, metavar="P,P,100", help="canary: percent of the traffic (default: settings)")
    status.add_argument("--format", choices=("json", "table", "report"), default="table")
    history.add_argument("--format", choices=("json", "table"), default="table")
    history.add_argument("--lines", type=whole_number(1, 100_000), default=20, metavar="N")


def _steps(text: str) -> list[int]:
    from ml_workshop.deploy.settings import check_steps
    from ml_workshop.errors import DeployError

    try:
        steps = [int(part) for part in text.split(",")]
        check_steps(steps)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list such as 1,10,50,100") from None
    except DeployError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return steps


def _deploy(options: argparse.Namespace) -> None:
    revision, release, dry_run = options.revision, options.release, options.dry_run
    _run(options, lambda deployer, steps: deployer.deploy(revision, release, options.steps or steps, dry_run))


def _rollback(options: argparse.Namespace) -> None:
    _run(options, lambda deployer, _steps: deployer.rollback(options.dry_run))


def _status(options: argparse.Namespace) -> None:
    from ml_workshop.deploy.settings import read_settings
    from ml_workshop.deploy.status import report, status, status_table

    settings = read_settings(options.settings)
    state = status(settings)
    if options.format == "report":
        state = report(settings, state)
    print(status_table(state) if options.format == "table" else json.dumps(state))


def _history(options: argparse.Namespace) -> None:
    from ml_workshop.deploy.records import read_journal
    from ml_workshop.deploy.settings import read_settings
    from ml_workshop.deploy.status import history_table

    entries = read_journal(read_settings(options.settings).state_dir, options.lines)
    print(json.dumps(entries) if options.format == "json" else history_table(entries))


def _run(options: argparse.Namespace, run: "Callable[[Deployer, list[int]], dict[str, Any]]") -> None:
    """Run a deployment or a rollback and print its result or failure as one JSON object."""
    from ml_workshop.deploy.deployer import Deployer
    from ml_workshop.deploy.settings import read_settings

    os.umask(0o022)  # node_exporter and systemd read the files
    try:
        with _signals_as_errors():
            settings = read_settings(options.settings)
            result = run(Deployer(settings, options.by, options.reason), settings.steps)
        print(result["message"], file=sys.stderr)
        print(json.dumps(result))
    except MlWorkshopError as error:
        kind = "locked" if error.exit_code == 4 else "failed"
        print(json.dumps({"changed": False, "result": kind, "message": str(error)}))
        raise


@contextlib.contextmanager
def _signals_as_errors() -> Iterator[None]:
    """Turn the first signal into a DeployError and ignore further ones."""
    from ml_workshop.errors import DeployError

    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def stop(number: int, _frame: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise DeployError(f"Interrupted by {signal.Signals(number).name}.")

    previous = {each: signal.signal(each, stop) for each in signals}
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
