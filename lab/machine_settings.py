"""Collect the package settings of this machine, so that the lab's hosts install from the same places.

Writes a directory that is laid over `/` in the host image:

- etc/pip.conf: this machine's indexes, find-links and time-outs, and one wheel cache for all hosts;
- usr/local/share/ca-certificates: certificates that the administrator of this machine added;
- etc/apt: the lab's apt cache as proxy, and this machine's Debian sources when it runs the hosts' release.

Prints as JSON what the playbooks need of it:

    {"release": Debian release of the hosts, "apt_sources": [files on this machine that suit it],
     "mounts": [local directories that the pip configuration names: the hosts mount them read-only]}

Nothing of this is ever written into the repository.
"""

from __future__ import annotations

import argparse
import configparser
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

PIP_KEYS = (
    "index-url",
    "extra-index-url",
    "find-links",
    "trusted-host",
    "no-index",
    "timeout",
    "default-timeout",
    "proxy",
)
LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")
PIP_CACHE = "/var/cache/lab-pip"
HOST_RELEASE = "bookworm"


def pip_settings() -> dict[str, str]:
    """Read pip's effective settings (files and PIP_* variables; variables win, as in pip itself)."""
    listing = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    settings: dict[str, str] = {}
    for line in sorted(listing.splitlines(), key=lambda entry: entry.startswith(":env:")):
        name, _, value = line.partition("=")
        key = name.removeprefix(":env:.").removeprefix("global.")
        if key in PIP_KEYS:
            settings["timeout" if key == "default-timeout" else key] = value.strip("'\"")
    return settings


def local_directories(settings: dict[str, str]) -> list[str]:
    """Name the directories on this machine that the settings point into, outermost only."""
    words = " ".join(settings.get(key, "") for key in ("index-url", "extra-index-url", "find-links")).split()
    paths = {Path(urlsplit(word).path) for word in words if word.startswith(("file://", "/"))}
    # The pages of a local index (DIR/simple) link to files beside it.
    paths = {path.parent if path.name == "simple" else path for path in paths}
    existing = sorted(path for path in paths if path.is_dir())
    return [str(path) for path in existing if not any(other in path.parents for other in existing)]


def apt_sources() -> list[Path]:
    """Name this machine's files of Debian sources that also suit the lab's hosts."""
    if platform.freedesktop_os_release().get("VERSION_CODENAME") != HOST_RELEASE:
        return []
    candidates = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d/debian.sources"))
    return [path for path in candidates if path.is_file() and HOST_RELEASE in path.read_text()]


def write_settings(root: Path, apt_proxy: str) -> list[str]:
    """Write the overlay into the empty directory `root` and return the directories to mount."""
    certificates = root / "usr/local/share/ca-certificates"
    certificates.mkdir(parents=True)
    for certificate in sorted(LOCAL_CERTIFICATES.glob("**/*.crt")):
        shutil.copy(certificate, certificates / certificate.name)

    settings = pip_settings()
    pip_conf = configparser.ConfigParser(interpolation=None)
    pip_conf["global"] = settings | {
        # The hosts' bundle holds the certificates copied above; pip's own bundle does not.
        "cert": "/etc/ssl/certs/ca-certificates.crt",
        "cache-dir": PIP_CACHE,
        "disable-pip-version-check": "true",
    }
    (root / "etc").mkdir()
    with (root / "etc/pip.conf").open("w") as handle:
        pip_conf.write(handle)

    apt = root / "etc/apt"
    (apt / "apt.conf.d").mkdir(parents=True)
    (apt / "sources.list.d").mkdir()
    (apt / "apt.conf.d/00lab").write_text(f'Acquire::http::Proxy "{apt_proxy}";\n')
    for sources in apt_sources():
        shutil.copy(sources, root / sources.relative_to("/"))
    return local_directories(settings)


def contents(root: Path) -> dict[str, bytes]:
    """Read a tree: path below `root` to bytes."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def replace(new: Path, old: Path) -> None:
    """Replace the tree `old` by `new`, unless they are equal: another run may read `old`."""
    if contents(new) == contents(old):
        return
    shutil.rmtree(old, ignore_errors=True)
    new.rename(old)


def main() -> None:
    """Write the overlay and print the settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--apt-proxy", required=True)
    options = parser.parse_args()
    options.root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.root.parent.parent, prefix="settings-") as scratch:
        new = Path(scratch) / "settings"
        mounts = write_settings(new, options.apt_proxy)
        replace(new, options.root)
    sources = [str(path) for path in apt_sources()]
    print(json.dumps({"release": HOST_RELEASE, "apt_sources": sources, "mounts": mounts}))


if __name__ == "__main__":
    main()
