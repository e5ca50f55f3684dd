"""Read hash-locked requirements files, as pip-compile and `uv pip compile --generate-hashes` write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PIN = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?==(?P<version>[^\s;]+)\s*(?P<rest>.*)$")


class LockError(ValueError):
    """A requirements file is not a lock; the message names file and line."""


@dataclass(frozen=True)
class Pin:
    """One locked package.

    Attributes:
        name: normalised by PEP 503.
        line: the whole requirement with its hashes, on one line.
    """

    name: str
    version: str
    line: str


def normal_name(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def normal_version(version: str) -> str:
    """Return a version so that two spellings of it compare equal (PEP 440: lower case, no leading zeros)."""
    return re.sub(r"(?<![0-9a-z])0+(?=[0-9])", "", version.lower().removeprefix("v"))


def parse_lock(name: str, text: str) -> dict[str, Pin]:
    """Return the pins of one file by name.

    Raises:
        LockError: a line that isn't `NAME==VERSION --hash=...`, or that holds for some interpreters only.
    """
    pins: dict[str, Pin] = {}
    for raw in re.sub(r"\\\s*\n", " ", re.sub(r"(?m)(^|\s)#.*$", "", text)).splitlines():
        line = " ".join(raw.split())
        if not line:
            continue
        match = _PIN.match(line)
        if match is None:
            raise LockError(f"the lock {name} has a line that pins no version: {line[:80]}")
        if "--hash=" not in line:
            raise LockError(
                f"the lock {name} has no hash for {match['name']}: compile it with --generate-hashes"
            )
        if match["rest"].startswith(";"):
            raise LockError(
                f"the lock {name} depends on the interpreter at {match['name']}: "
                "compile it with --python-version"
            )
        pin = Pin(normal_name(match["name"]), match["version"], line)
        pins[pin.name] = pin
    return pins


def merge_locks(locks: Mapping[str, str]) -> dict[str, Pin]:
    """Return the pins of all files (name of the file -> its text).

    Raises:
        LockError: a file is no lock, or two files disagree about a version.
    """
    merged: dict[str, Pin] = {}
    origin: dict[str, str] = {}
    for file, text in locks.items():
        for name, pin in parse_lock(file, text).items():
            other = merged.setdefault(name, pin)
            if other.version != pin.version:
                raise LockError(
                    f"the locks {origin[name]} and {file} disagree about {name} "
                    f"({other.version} and {pin.version}): compile them together"
                )
            origin.setdefault(name, file)
    return merged
