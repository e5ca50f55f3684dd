"""`ml-workshop locustfile`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ml_workshop.cli.options import subcommand

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands


def register(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    subcommand(
        subcommands, "locustfile", _print_path, "loadtest", "print the path of the load test, for `locust -f`"
    )


def _print_path(_options: argparse.Namespace) -> None:
    print(Path(__file__).parent.parent / "loadtest" / "locustfile.py")
