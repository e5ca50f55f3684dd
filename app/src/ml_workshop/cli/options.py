"""Types of option values, and the options that subcommands share."""

import argparse
import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Subcommands = argparse._SubParsersAction[argparse.ArgumentParser]


def subcommand(
    subcommands: "Subcommands", name: str, run: Callable[[argparse.Namespace], None], extra: str, summary: str
) -> argparse.ArgumentParser:
    """Add a subcommand with its function, the extra that has its packages, and one line of help."""
    parser = subcommands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run, extra=extra)
    return parser


def add_with_alias(add_argument: Callable[..., argparse.Action], flag: str, **settings: Any) -> None:  # noqa: ANN401
    """Add an option and its alias with underscores (of the original workshop), which the help omits."""
    action = add_argument(flag, **settings)
    alias = f"--{flag[2:].replace('-', '_')}"
    if alias != flag:
        hidden = {"dest": action.dest, "default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
        add_argument(alias, **{**settings, **hidden})


def add_numbers(
    parser: argparse.ArgumentParser, *rows: tuple[str, Callable[[str], float], float, str]
) -> None:
    """Add options with a number; a row is flag, type, default and help."""
    for flag, kind, default, summary in rows:
        text = f"{summary} (default: %(default)s)"
        parser.add_argument(flag, type=kind, default=default, metavar="N", help=text)


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from `lowest` to `highest`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = lowest - 1
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {lowest} to {highest}")
        return value

    return parse


def number(lowest: float, highest: float) -> Callable[[str], float]:
    """Return a parser of numbers from `lowest` to `highest`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {lowest:g} to {highest:g}")
        return value

    return parse


def http_url(text: str) -> str:
    """Parse an address of HTTP or HTTPS."""
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL such as http://localhost:8000")
    return text


def printable(text: str) -> str:
    """Parse a text that a terminal prints as is."""
    if not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} has control characters")
    return text


def memory_size(text: str) -> int | None:
    """Parse a size or a share of the host's memory, as in systemd.resource-control(5); None for infinity."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT%]?)", text)
    if match is None:
        if text == "infinity":
            return None
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a size such as 512M or 2G nor a share such as 80%"
        )
    value, unit = float(match[1]), match[2]
    if unit == "%":
        return int(value / 100 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return int(value * 1024 ** " KMGT".index(unit or " "))


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add --model DIR."""
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="model directory")
