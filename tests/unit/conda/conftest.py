"""A conda channel of a few bytes, the module's tool, and the module itself run in this process.

py-rattler is only ever imported by the worker: its runtime can crash an interpreter on exit, also pytest's.
"""

import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..role_module import ROLES, load_module, run_module

_module = load_module("conda_environment")


class Channel:
    """A channel in a directory. Repodata is written by hand: the format is small and fixed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.packages: dict[str, dict[str, Any]] = {}
        self._write()

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def add(
        self, name: str, version: str = "1.0", depends: tuple[str, ...] = (), size: int | None = None
    ) -> str:
        """Add a package with one file, share/NAME.txt; return its archive's name."""
        content = f"{name} {version}\n".encode()
        index = {
            "name": name,
            "version": version,
            "build": "h0_0",
            "build_number": 0,
            "depends": list(depends),
            "subdir": "noarch",
            "noarch": "generic",
            "license": "MIT",
        }
        entry = {
            "_path": f"share/{name}.txt",
            "path_type": "hardlink",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size_in_bytes": len(content),
        }
        archive = f"{name}-{version}-h0_0.tar.bz2"
        files = {
            "info/index.json": json.dumps(index).encode(),
            "info/paths.json": json.dumps({"paths": [entry], "paths_version": 1}).encode(),
            "info/files": f"share/{name}.txt\n".encode(),
            f"share/{name}.txt": content,
        }
        with tarfile.open(self.path / "noarch" / archive, "w:bz2") as tar:
            for path, data in files.items():
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(data), 0o644
                tar.addfile(member, io.BytesIO(data))
        data = (self.path / "noarch" / archive).read_bytes()
        self.packages[archive] = index | {
            "size": len(data) if size is None else size,
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        self._write()
        return archive

    def lock(self, *archives: str) -> str:
        """Write an explicit lock of these archives."""
        lines = [f"{self.url}/noarch/{name}#{self.packages[name]['sha256']}" for name in archives]
        return "\n".join(["# platform: linux-64", "@EXPLICIT", *lines, ""])

    def _write(self) -> None:
        for subdir, packages in (("noarch", self.packages), ("linux-64", {}), ("linux-aarch64", {})):
            (self.path / subdir).mkdir(parents=True, exist_ok=True)
            repodata = {"info": {"subdir": subdir}, "packages": packages, "packages.conda": {}}
            (self.path / subdir / "repodata.json").write_text(json.dumps(repodata))


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    """A channel with `base` 1.0 and `tool` 1.0, which depends on it."""
    channel = Channel(tmp_path / "channel")
    channel.add("base")
    channel.add("tool", depends=("base >=1.0",))
    return channel


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tool of conda_tool_dir as the role installs it, with this interpreter."""
    directory = tmp_path_factory.mktemp("conda-tool")
    (directory / "bin").mkdir()
    python = directory / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (directory / "conda_worker.py").symlink_to(ROLES / "conda" / "files" / "conda-tool" / "conda_worker.py")
    return directory


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return tmp_path / "conda" / "envs" / "test"


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(prefix: Path, tool: Path, channel: Channel, capsys: pytest.CaptureFixture[str]) -> Run:
    def _run(check: bool = False, **parameters: Any) -> dict[str, Any]:
        """Run the module; return its result."""
        places = {"prefix": prefix, "tool": tool, "cache_dir": prefix.parents[1] / "pkgs"}
        if "lock" not in parameters and parameters.get("state") != "absent":
            places["channels"] = [channel.url]
        return run_module(_module, capsys, check, places | parameters)

    return _run
