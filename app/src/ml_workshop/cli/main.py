"""Entry point."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

import ml_workshop
from ml_workshop.cli import deploy, evaluate, load_test, predict, registry, serve, train
from ml_workshop.errors import MlWorkshopError

_SUBCOMMANDS = (train, evaluate, registry, predict, serve, deploy, load_test)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Returns:
        0 done, 1 a failure explained on standard error, 2 wrong usage, 3 refused by a quality gate,
        4 another deployment is in progress.
    """
    parser = argparse.ArgumentParser(prog="ml-workshop", description=ml_workshop.__doc__)
    parser.add_argument("--version", action="version", version=ml_workshop.__version__)
    subcommands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in _SUBCOMMANDS:
        module.register(subcommands)
    options = parser.parse_args(arguments)

    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("ml_workshop").setLevel(logging.INFO)
    try:
        options.run(options)
        sys.stdout.flush()
    except MlWorkshopError as error:
        print(f"ml-workshop: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("ml_workshop"):
            raise
        print(
            f"ml-workshop: this needs the Python package {error.name.partition('.')[0]}: "
            f"install ml-workshop[{options.extra}] (locked versions: app/requirements).",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of standard output closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0
