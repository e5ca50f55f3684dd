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

from ml_workshop.cli.options import subcommand, whole_number
from ml_workshop.errors import MlWorkshopError

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands
    from ml_workshop.deploy.deployer import Deployer
    from ml_workshop.deploy.settings import Settings


def register(subcommands: "Subcommands") -> None:
    """Add the subcommands."""
    deploy = subcommand(subcommands, "deploy", _deploy, "serve", "serve a model and a release on this host")
    rollback = subcommand(subcommands, "rollback", _rollback, "serve", "serve again what was served before")
    status = subcommand(subcommands, "status", _status, "serve", "show what this host serves")
    history = subcommand(subcommands, "history", _history, "serve", "show the last deployments of this host")
    for parser in (deploy, rollback, status, history):
        parser.add_argument(
            "--settings", type=Path, default=Path("/etc/ml-workshop/deploy.json"), metavar="FILE"
        )
    for parser in (deploy, rollback):
        who = os.environ.get("SUDO_USER") or os.environ.get("USER") or f"user {os.getuid()}"
        parser.add_argument("--by", default=who, help="who asks, for the journal (default: %(default)s)")
        parser.add_argument("--reason", default="", metavar="TEXT", help="why, for the journal")
    deploy.add_argument(
        "--revision", default="", metavar="R", help="'latest', a revision or its first digits"
    )
    deploy.add_argument("--release", default="", metavar="ID", help="release of the application")
    deploy.add_argument(
        "--steps", type=_steps, metavar="P,P,100", help="canary: shares of the traffic, in percent"
    )
    deploy.add_argument("--dry-run", action="store_true", help="only print what would be done")
    status.add_argument("--format", choices=("json", "table", "report"), default="table")
    history.add_argument("--format", choices=("json", "table"), default="table")
    history.add_argument("--lines", type=whole_number(1, 100_000), default=20, metavar="N")


def _steps(text: str) -> list[int]:
    from ml_workshop.deploy.errors import DeployError
    from ml_workshop.deploy.settings import check_steps

    try:
        steps = [int(part) for part in text.split(",")]
        check_steps(steps)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list such as 1,10,50,100") from None
    except DeployError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return steps


def _deploy(options: argparse.Namespace) -> None:
    def run(deployer: "Deployer", settings: "Settings") -> dict[str, Any]:
        steps = options.steps or settings.steps
        return deployer.deploy(options.revision, options.release, steps, options.dry_run)

    _run(options, run)


def _rollback(options: argparse.Namespace) -> None:
    _run(options, lambda deployer, _settings: deployer.rollback())


def _status(options: argparse.Namespace) -> None:
    from ml_workshop.deploy.report import report
    from ml_workshop.deploy.settings import read_settings
    from ml_workshop.deploy.status import status, status_table

    settings = read_settings(options.settings)
    state = status(settings)
    if options.format == "report":
        state = report(settings, state)
    print(status_table(state) if options.format == "table" else json.dumps(state))


def _history(options: argparse.Namespace) -> None:
    from ml_workshop.deploy.settings import read_settings
    from ml_workshop.deploy.state import read_journal
    from ml_workshop.deploy.status import history_table

    entries = read_journal(read_settings(options.settings).state_dir, options.lines)
    print(json.dumps(entries) if options.format == "json" else history_table(entries))


def _run(options: argparse.Namespace, run: "Callable[[Deployer, Settings], dict[str, Any]]") -> None:
    """Run a deployment or a rollback and print one JSON object, also of a failure."""
    from ml_workshop.deploy.deployer import Deployer
    from ml_workshop.deploy.settings import read_settings

    os.umask(0o022)  # node_exporter and systemd read what is written
    try:
        with _signals_as_errors():
            settings = read_settings(options.settings)
            result = run(Deployer(settings, options.by, options.reason), settings)
        print(result["message"], file=sys.stderr)
        print(json.dumps(result))
    except MlWorkshopError as error:
        kind = "locked" if error.exit_code == 4 else "failed"
        print(json.dumps({"changed": False, "result": kind, "message": str(error)}))
        raise


@contextlib.contextmanager
def _signals_as_errors() -> Iterator[None]:
    """Let the first signal end a deployment as an error does; ignore further ones."""
    from ml_workshop.deploy.errors import DeployError

    signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def stop(number: int, _frame: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise DeployError(f"Interrupted by {signal.Signals(number).name}.")

    before = {each: signal.signal(each, stop) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
