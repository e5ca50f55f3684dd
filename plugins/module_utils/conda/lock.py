"""Read an explicit lock file: what `conda list --explicit --sha256` and `conda-lock --kind explicit` write.

    # platform: linux-64
    @EXPLICIT
    https://conda.anaconda.org/conda-forge/linux-64/python-3.11.9-hb806964_0_cpython.conda#177f33a1fb8d3476b38f73c37b42c01c

The fragment is the archive's md5 (32 hex digits) or sha256 (64), optionally with the kind in front
(`sha256:`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .prefix import Package

_ARCHIVE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)(\.conda|\.tar\.bz2)$")
_HASH = re.compile(r"((md5:)?(?P<md5>[0-9a-f]{32})|(sha256:)?(?P<sha256>[0-9a-f]{64}))$")


class LockError(ValueError):
    """The text is not an explicit lock file; the message names the line."""


@dataclass(frozen=True)
class LockedPackage:
    """One line of a lock: the package and where its archive is (URL without the hash)."""

    package: Package
    url: str


def parse_lock(text: str) -> dict[str, LockedPackage]:
    """Return the packages of a lock by name.

    Raises:
        LockError: no `@EXPLICIT` line, a line that is not an archive's URL, one without a hash, or a package
        named twice.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines or lines[0][1] != "@EXPLICIT":
        raise LockError(
            "the lock file must start with the line @EXPLICIT (conda list --explicit --sha256 writes it)"
        )
    locked: dict[str, LockedPackage] = {}
    for number, line in lines[1:]:
        url, _, digest = line.partition("#")
        location, _, file_name = url.rpartition("/")
        archive, hashes = _ARCHIVE.match(file_name), _HASH.match(digest.lower())
        if "://" not in url or archive is None:
            raise LockError(f"line {number} of the lock file is not a package URL: {line}")
        if hashes is None:
            raise LockError(f"line {number} of the lock file has no md5 or sha256 behind a #: {line}")
        if archive["name"] in locked:
            raise LockError(f"line {number} of the lock file names {archive['name']} a second time")
        package = Package(
            name=archive["name"],
            version=archive["version"],
            build=archive["build"],
            channel=location.rpartition("/")[0],
            file_name=file_name,
            hashes={kind: value for kind, value in hashes.groupdict().items() if value},
        )
        locked[package.name] = LockedPackage(package, url)
    return locked
