"""Read the distributions of a site-packages directory and detect damage."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from .lock import normal_name


@dataclass(frozen=True)
class Installed:
    """One installed distribution.

    Attributes:
        installer: its installer, from the distribution's metadata (`pip`, `conda` ...), or empty.
        damage: what is wrong with it, or empty.
        metadata: its .dist-info directory.
    """

    name: str
    version: str
    installer: str
    damage: str
    metadata: Path


def read_installed(site_packages: Path, names: Iterable[str], scripts: bool = True) -> dict[str, Installed]:
    """Read those of the named distributions that are installed; one `lstat` per file of each.

    Args:
        site_packages: the directory that holds the distributions.
        names: normalised names.
        scripts: whether to check files outside of the directory (`pip --target` records wrong paths).
    """
    expected = set(names)
    found: dict[str, Installed] = {}
    for distribution in distributions(path=[str(site_packages)]):
        name = normal_name(distribution.metadata["Name"] or "")
        if name in expected:
            found[name] = Installed(
                name=name,
                version=distribution.version,
                installer=(distribution.read_text("INSTALLER") or "").strip(),
                damage=_damage(site_packages, distribution, scripts),
                metadata=Path(str(getattr(distribution, "_path", site_packages))),
            )
    return found


def _damage(site_packages: Path, distribution: Distribution, scripts: bool) -> str:
    """Return what is wrong with an installation; empty if it is intact. Missing byte code does not count."""
    record = distribution.read_text("RECORD")
    if record is None:  # pip writes it last
        return "its installation was not finished"
    root = str(site_packages)
    metadata = [path for path in distribution.files or [] if path.name == "METADATA"]
    if any(not path.locate().stat().st_mode & 0o004 for path in metadata):  # type: ignore[attr-defined]
        return "only root can read it"
    paths = [row[0] for row in csv.reader(record.splitlines()) if row and not row[0].endswith(".pyc")]
    if not scripts:
        paths = [path for path in paths if not path.startswith("..")]
    # Strings, because Path objects are slow for 20,000 files.
    missing = [path for path in paths if not os.path.lexists(f"{root}/{path}")]
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"{missing[0]} is missing{more}" if missing else ""
