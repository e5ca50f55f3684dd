"""Collect the package settings of this machine, so that the lab's hosts install from the same places.

Writes a directory that is laid over `/` in the host image:

- etc/pip.conf: this machine's indexes, find-links and time-outs, and one wheel cache for all hosts;
- usr/local/share/ca-certificates: certificates that the administrator of this machine added;
- etc/apt/apt.conf.d: the lab's apt cache as proxy;
- srv/apt/RELEASE: this machine's Debian sources, for each release; the host image keeps those of its own.

Prints as JSON what the playbooks need of it:

    {"apt_sources": {release: [files of its sources]},
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
APT = Path("/etc/apt")
PIP_CACHE = "/var/cache/lab-pip"
RELEASES = ("bookworm", "trixie")


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
    # The pages of a local index (DIR/simple) link to files next to it.
    paths = {path.parent if path.name == "simple" else path for path in paths}
    existing = sorted(path for path in paths if path.is_dir())
    return [str(path) for path in existing if not any(other in path.parents for other in existing)]


def apt_sources(release: str) -> dict[str, str]:
    """Read this machine's Debian sources and name `release` in them: path below /etc/apt to text.

    Empty when this machine runs none of the releases: the defaults of the image apply.
    """
    own = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    if own not in RELEASES:
        return {}
    texts = {
        path: (APT / path).read_text()
        for path in ("sources.list", "sources.list.d/debian.sources")
        if (APT / path).is_file()
    }
    return {path: text.replace(own, release) for path, text in texts.items() if own in text}


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

    apt = root / "etc/apt/apt.conf.d"
    apt.mkdir(parents=True)
    (apt / "00lab").write_text(f'Acquire::http::Proxy "{apt_proxy}";\n')
    for release in RELEASES:
        for path, text in apt_sources(release).items():
            sources = root / "srv/apt" / release / path
            sources.parent.mkdir(parents=True, exist_ok=True)
            sources.write_text(text)
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
    sources = {
        release: [str(options.root / "srv/apt" / release / path) for path in apt_sources(release)]
        for release in RELEASES
    }
    print(json.dumps({"apt_sources": sources, "mounts": mounts}))


if __name__ == "__main__":
    main()
