"""Build a small conda channel from the Python of the lab's host image, for networks without conda-forge.

    python lab/conda_channel.py --image IMAGE --output DIR

writes DIR/linux-64 (package `python`) and DIR/noarch (package `pip`) with their repodata. The interpreter
uses the shared libraries of the distribution it comes from: the channel serves hosts of that image and no
others. Building takes seconds; nothing is built when DIR was already made from the same image by the same
code.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COLLECTOR = HERE / "conda_channel_collect.py"
PIP_PIN = HERE / "conda_channel_pip.txt"
STAMP = "built-from.json"
SUBDIRS = {"x86_64": ("linux-64", "x86_64"), "aarch64": ("linux-aarch64", "aarch64")}

#: Debian makes an interpreter outside of a virtual environment install into /usr/local and dist-packages.
#: This is the condition of that; always true, sysconfig answers as upstream's does.
DEBIAN_CONDITION = 'if sys.base_prefix != sys.prefix or hasattr(sys, "real_prefix"):\n        # virtual'
UPSTREAM_CONDITION = "if True:\n        # virtual"

#: Debian's `site` is frozen into the interpreter and searches only dist-packages.
SITECUSTOMIZE = '''\
"""Search packages in site-packages, like upstream's interpreter."""

import os
import site
import sys


def getsitepackages(prefixes=None):
    """Return the site-packages directory of each prefix."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    prefixes = dict.fromkeys(prefixes or site.PREFIXES)
    return [os.path.join(prefix, "lib", version, "site-packages") for prefix in prefixes]


site.getsitepackages = getsitepackages
for directory in getsitepackages():
    if directory not in sys.path and os.path.isdir(directory):
        site.addsitedir(directory)
'''

ENSUREPIP = '''\
"""Install the bundled pip, instead of the module that the distribution ships in a separate package."""

import os
import runpy
import sys
from pathlib import Path

_WHEEL = next((Path(__file__).parent / "_bundled").glob("pip-*.whl"))


def version():
    """Return the version of the bundled pip."""
    return _WHEEL.name.split("-")[1]


def bootstrap(*, root=None, upgrade=False, user=False, altinstall=False, default_pip=False, verbosity=0):
    """Install pip from the bundled wheel, without a network."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        del os.environ[name]
    os.environ["PIP_CONFIG_FILE"] = os.devnull
    options = ["--root", root] if root else []
    options += ["--upgrade"] if upgrade else []
    options += ["--user"] if user else []
    sources = ["--no-cache-dir", "--no-index", "--find-links", str(_WHEEL.parent)]
    sys.argv = ["pip", "install", *sources, *options, "pip"]
    sys.path.insert(0, str(_WHEEL))
    runpy.run_module("pip", run_name="__main__", alter_sys=True)
'''
ENSUREPIP_MAIN = '''\
"""The command `python -m ensurepip`."""

import argparse

import ensurepip

parser = argparse.ArgumentParser(prog="python -m ensurepip")
parser.add_argument("--version", action="version", version=f"pip {ensurepip.version()}")
parser.add_argument("-v", "--verbose", action="count", default=0)
parser.add_argument("-U", "--upgrade", action="store_true")
parser.add_argument("--user", action="store_true")
parser.add_argument("--root")
parser.add_argument("--altinstall", action="store_true")
parser.add_argument("--default-pip", action="store_true")
arguments = parser.parse_args()
ensurepip.bootstrap(root=arguments.root, upgrade=arguments.upgrade, user=arguments.user)
'''


class BuildError(Exception):
    """The channel cannot be built; the message has the remedy."""


@dataclass
class Package:
    """Contents of a conda package, before it is written.

    Attributes:
        index: the content of info/index.json, without the build string.
        files: path in the environment -> content.
        executables: the paths among them that get mode 0755.
        links: path in the environment -> target of a symbolic link.
        link_json: the content of info/link.json (noarch python packages).
    """

    index: dict[str, Any]
    files: dict[str, bytes]
    executables: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    link_json: dict[str, Any] | None = None

    def paths(self) -> list[dict[str, Any]]:
        """List the files as info/paths.json does (conda's CEP 34 calls it `paths.json`, version 1)."""
        entries: list[dict[str, Any]] = [
            {
                "_path": path,
                "path_type": "hardlink",
                "sha256": hashlib.sha256(content).hexdigest(),
                "size_in_bytes": len(content),
            }
            for path, content in self.files.items()
        ]
        entries += [
            {
                "_path": path,
                "path_type": "softlink",
                "sha256": hashlib.sha256(b"").hexdigest(),
                "size_in_bytes": 0,
            }
            for path in self.links
        ]
        return sorted(entries, key=lambda entry: str(entry["_path"]))

    def write(self, channel: Path) -> Path:
        """Write the package as .tar.bz2 into its subdirectory of the channel.

        The build string is a hash of the content: other content is another build, the same content the same
        one.
        """
        paths = self.paths()
        digest = hashlib.sha256(json.dumps([self.index, paths], sort_keys=True).encode()).hexdigest()
        index = self.index | {"build": f"h{digest[:8]}_0", "build_number": 0}
        info: dict[str, Any] = {
            "index": index,
            "paths": {"paths": paths, "paths_version": 1},
            "about": {"summary": f"{index['name']} for the lab, repackaged", "license": index["license"]},
        }
        if self.link_json:
            info["link"] = self.link_json
        target: Path = (
            channel / index["subdir"] / f"{index['name']}-{index['version']}-{index['build']}.tar.bz2"
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(target, "w:bz2") as archive:
            for name, value in info.items():
                _add(archive, f"info/{name}.json", json.dumps(value, indent=1, sort_keys=True).encode())
            _add(archive, "info/files", "".join(f"{entry['_path']}\n" for entry in paths).encode())
            for path, content in sorted(self.files.items()):
                _add(archive, path, content, 0o755 if path in self.executables else 0o644)
            for path, destination in sorted(self.links.items()):
                member = tarfile.TarInfo(path)
                member.type, member.linkname = tarfile.SYMTYPE, destination
                archive.addfile(member)
        return target


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    archive.addfile(member, io.BytesIO(content))


def image_id(image: str) -> str:
    """Return the id of a local image.

    Raises:
        BuildError: Docker does not answer or has no such image.
    """
    answer = subprocess.run(  # noqa: S603 - arguments of the lab's own
        ["docker", "image", "inspect", "--format", "{{.Id}}", image],  # noqa: S607 - docker is found in PATH
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise BuildError(f"docker has no image {image}: {answer.stderr.strip()}")
    return answer.stdout.strip()


def collect(image: str) -> dict[str, bytes]:
    """Run the collector in the image; return path -> content, `facts.json` among them.

    Raises:
        BuildError: the image has no python3, or the collector failed.
    """
    command = [
        "docker",
        "run",
        "--rm",
        "-i",
        "--network",
        "none",
        "--entrypoint",
        "python3",
        image,
        "-I",
        "-",
    ]
    answer = subprocess.run(  # noqa: S603 - arguments of the lab's own
        command, input=COLLECTOR.read_bytes(), capture_output=True, check=False
    )
    if answer.returncode:
        raise BuildError(f"python3 of image {image} could not be collected: {answer.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(answer.stdout)) as archive:
        return {m.name: content.read() for m in archive if (content := archive.extractfile(m)) is not None}


def as_upstream(sysconfig: bytes) -> bytes:
    """Remove the distribution's installation directories from `sysconfig.py`.

    Raises:
        BuildError: the file mentions dist-packages in an unknown way.
    """
    text = sysconfig.decode()
    if "dist-packages" not in text:
        return sysconfig
    if text.count(DEBIAN_CONDITION) != 1:
        raise BuildError("sysconfig.py of this image is patched by its distribution in an unknown way")
    return text.replace(DEBIAN_CONDITION, UPSTREAM_CONDITION).encode()


def python_package(tree: dict[str, bytes], pip_wheel: Path) -> Package:
    """Create the package `python` from the collected tree.

    Raises:
        BuildError: the image's architecture has no conda subdirectory here, or its Python is patched beyond
        recognition.
    """
    facts = json.loads(tree.pop("facts.json"))
    if facts["machine"] not in SUBDIRS:
        raise BuildError(f"no conda subdirectory for {facts['machine']}; supported: {', '.join(SUBDIRS)}")
    subdir, arch = SUBDIRS[facts["machine"]]
    short = ".".join(facts["version"].split(".")[:2])
    library = f"lib/python{short}"
    tree[f"{library}/sysconfig.py"] = as_upstream(tree[f"{library}/sysconfig.py"])
    tree[f"{library}/sitecustomize.py"] = SITECUSTOMIZE.encode()
    tree[f"{library}/ensurepip/__init__.py"] = ENSUREPIP.encode()
    tree[f"{library}/ensurepip/__main__.py"] = ENSUREPIP_MAIN.encode()
    tree[f"{library}/ensurepip/_bundled/{pip_wheel.name}"] = pip_wheel.read_bytes()
    tree[f"{library}/site-packages/README.txt"] = b"Packages installed into this environment.\n"
    return Package(
        index={
            "name": "python",
            "version": facts["version"],
            "subdir": subdir,
            "arch": arch,
            "platform": "linux",
            "depends": [f"__glibc >={facts['glibc']}"],
            "license": "PSF-2.0",
        },
        files=tree,
        executables=frozenset({f"bin/python{short}"}),
        links={"bin/python": f"python{short}", "bin/python3": f"python{short}"},
    )


def pip_package(wheel: Path) -> Package:
    """Create the noarch package `pip` from its wheel."""
    with zipfile.ZipFile(wheel) as archive:
        files = {
            f"site-packages/{name}": archive.read(name)
            for name in archive.namelist()
            if not name.endswith("/")
        }
    metadata_path = next(path for path in files if path.endswith(".dist-info/METADATA"))
    metadata = HeaderParser().parsestr(files[metadata_path].decode())
    files[metadata_path.replace("METADATA", "INSTALLER")] = b"conda\n"
    return Package(
        index={
            "name": "pip",
            "version": metadata["Version"],
            "subdir": "noarch",
            "noarch": "python",
            "arch": None,
            "platform": None,
            "depends": [f"python {metadata['Requires-Python']}"],
            "license": "MIT",
        },
        files=files,
        link_json={
            "noarch": {
                "type": "python",
                "entry_points": [f"{name} = pip._internal.cli.main:main" for name in ("pip", "pip3")],
            },
            "package_metadata_version": 1,
        },
    )


def download_pip(directory: Path) -> Path:
    """Download the pinned pip wheel, verified by its hash.

    Raises:
        BuildError: pip could not fetch it.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--requirement", str(PIP_PIN), "--dest", str(directory)]
    answer = subprocess.run(  # noqa: S603 - arguments of the lab's own
        command, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise BuildError(f"the pinned pip wheel could not be downloaded: {answer.stderr.strip()}")
    return next(directory.glob("pip-*.whl"))


def write_repodata(channel: Path) -> None:
    """Index the channel.

    Plain repodata.json is enough for two packages.
    """
    from rattler.index import index_fs

    (channel / "noarch").mkdir(exist_ok=True)
    asyncio.run(index_fs(channel, write_zst=False, write_shards=False, force=True))
    shutil.rmtree(channel / ".tmp", ignore_errors=True)


def provenance(image: str) -> dict[str, str]:
    """Return the sources of a channel that would be built now."""
    code = hashlib.sha256(b"".join(path.read_bytes() for path in (Path(__file__), COLLECTOR, PIP_PIN)))
    return {"image": image_id(image), "code": code.hexdigest()}


def build(image: str, output: Path) -> bool:
    """Build the channel unless it is there already.

    Returns:
        Whether anything was built.

    Raises:
        BuildError: with what to do.
    """
    source = provenance(image)
    stamp = output / STAMP
    if stamp.is_file() and json.loads(stamp.read_text()) == source:
        return False
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as scratch:
        work = Path(scratch)
        channel = work / "channel"
        wheel = download_pip(work)
        for package in (python_package(collect(image), wheel), pip_package(wheel)):
            package.write(channel)
        write_repodata(channel)
        (channel / STAMP).write_text(json.dumps(source))
        # Hosts mount this directory: exchange what is in it, not the directory.
        output.mkdir(exist_ok=True)
        for old in output.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        for new in sorted(channel.iterdir(), key=lambda path: path.name == STAMP):
            shutil.move(new, output / new.name)
    return True


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", required=True, help="Docker image of the lab's hosts")
    parser.add_argument("--output", required=True, type=Path, help="directory of the channel")
    arguments = parser.parse_args()
    try:
        built = build(arguments.image, arguments.output)
    except BuildError as error:
        print(f"conda_channel: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.output}: {'built from' if built else 'is up to date with'} {arguments.image}")
    return 0


if __name__ == "__main__":
    code = main()
    # py-rattler's runtime threads can crash the interpreter's orderly exit.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
