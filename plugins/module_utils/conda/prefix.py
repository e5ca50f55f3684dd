"""Read an environment from disk and detect damage.

The layout is conda's: `PREFIX/conda-meta/NAME-VERSION-BUILD.json`, one file per installed package, lists what
was linked from it (`paths_data`).
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Package:
    """One package, installed or required.

    Attributes:
        channel: URL of the channel, without a trailing slash; empty when it isn't known.
        hashes: subset of {"md5": hex digest, "sha256": hex digest} of the package's archive.
    """

    name: str
    version: str
    build: str
    channel: str
    file_name: str
    hashes: dict[str, str] = field(default_factory=dict, hash=False)

    def same_archive(self, other: Package) -> bool:
        """Return whether both come from the same archive: the same file name, and no hash that differs."""
        common = self.hashes.keys() & other.hashes.keys()
        return self.file_name == other.file_name and all(
            self.hashes[kind] == other.hashes[kind] for kind in common
        )


@dataclass
class Environment:
    """The packages of an environment and what is wrong with them.

    Attributes:
        exists: whether there is anything at the prefix.
        packages: the packages with a readable record, by name.
        damage: package name -> what is wrong. A package whose record cannot be read is named here only.
        broken_records: records that cannot be read; they must go before anything is installed.
    """

    exists: bool
    packages: dict[str, Package]
    damage: dict[str, str]
    broken_records: list[Path]


def read_environment(prefix: Path) -> Environment:
    """Read the environment at `prefix`; one `lstat` per file, no content is read.

    Raises:
        OSError: the prefix cannot be read.
    """
    found = Environment(exists=prefix.exists(), packages={}, damage={}, broken_records=[])
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        try:
            record = json.loads(path.read_bytes())
            package, linked = _package(record), record["paths_data"]["paths"]
        except (ValueError, KeyError, TypeError):
            found.broken_records.append(path)
            name = path.stem.rsplit("-", 2)[0]
            found.damage[name] = f"conda-meta/{path.name} is unreadable"
            continue
        found.packages[package.name] = package
        problems = [problem for entry in linked if (problem := _problem(prefix, entry))]
        if problems:
            more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
            found.damage[package.name] = problems[0] + more
    return found


def _package(record: dict[str, Any]) -> Package:
    return Package(
        name=record["name"],
        version=record["version"],
        build=record["build"],
        channel=str(record.get("channel") or "").rstrip("/"),
        file_name=record["fn"],
        hashes={kind: record[kind] for kind in ("md5", "sha256") if record.get(kind)},
    )


def _problem(prefix: Path, entry: dict[str, Any]) -> str:
    """Return what is wrong with one linked file, or an empty string.

    Byte code is left out, since the interpreter rewrites it; so is the size of a file into which the prefix
    was written.
    """
    path, kind = entry["_path"], entry.get("path_type", "hardlink")
    if kind == "pyc_file":
        return ""
    try:
        status = os.lstat(prefix / path)
    except (FileNotFoundError, NotADirectoryError):
        return f"{path} is missing"
    size = entry.get("size_in_bytes")
    rewritten = entry.get("prefix_placeholder") is not None
    if kind == "hardlink" and stat.S_ISREG(status.st_mode) and size is not None and not rewritten:
        return f"{path} has {status.st_size} bytes instead of {size}" if status.st_size != size else ""
    return ""
