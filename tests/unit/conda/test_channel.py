"""The lab's conda channel: what goes into its packages, without a container."""

import hashlib
import json
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from ..role_module import ROLES, load_file


@pytest.fixture(scope="module")
def channel() -> ModuleType:
    return load_file(ROLES.parent / "lab" / "conda_channel.py")


DEBIAN = b"""\
    # .../dist-packages
    if sys.base_prefix != sys.prefix or hasattr(sys, "real_prefix"):
        # virtual environments
        prefix_scheme = 'posix_prefix'
"""


def test_debians_scheme_is_undone(channel: ModuleType) -> None:
    assert channel.as_upstream(b"upstream") == b"upstream"
    assert b"    if True:\n        # virtual" in channel.as_upstream(DEBIAN)
    with pytest.raises(channel.BuildError, match="patched by its distribution in an unknown way"):
        channel.as_upstream(b"'{base}/lib/python3/dist-packages'")


@pytest.fixture
def tree(tmp_path: Path) -> tuple[dict[str, bytes], Path]:
    facts = {"version": "3.11.2", "machine": "x86_64", "glibc": "2.36"}
    wheel = tmp_path / "pip-26.0.1-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    return {
        "facts.json": json.dumps(facts).encode(),
        "bin/python3.11": b"\x7fELF",
        "lib/python3.11/sysconfig.py": DEBIAN,
        "lib/python3.11/site.py": b"",
    }, wheel


def test_same_interpreter_makes_the_same_package(
    channel: ModuleType, tree: tuple[dict[str, bytes], Path], tmp_path: Path
) -> None:
    files, wheel = tree
    written = [
        channel.python_package(dict(files), wheel).write(tmp_path / name).read_bytes() for name in ("a", "b")
    ]
    assert written[0] == written[1]
    other = dict(files) | {"lib/python3.11/site.py": b"changed"}
    assert channel.python_package(other, wheel).write(tmp_path / "c").name not in {
        path.name for path in (tmp_path / "a/linux-64").iterdir()
    }


def test_package_describes_itself(
    channel: ModuleType, tree: tuple[dict[str, bytes], Path], tmp_path: Path
) -> None:
    path = channel.python_package(*tree).write(tmp_path)
    with tarfile.open(path) as archive:
        index = json.load(archive.extractfile("info/index.json"))
        listed = json.load(archive.extractfile("info/paths.json"))["paths"]
        assert path.name == f"python-3.11.2-{index['build']}.tar.bz2"
        assert index["depends"] == ["__glibc >=2.36"]
        assert {entry["_path"] for entry in listed} == {
            name for name in archive.getnames() if not name.startswith("info/")
        }
        for entry in listed:
            member = archive.getmember(entry["_path"])
            if entry["path_type"] == "softlink":
                assert member.issym()
                continue
            content = archive.extractfile(member).read()
            assert entry["sha256"] == hashlib.sha256(content).hexdigest()
            assert entry["size_in_bytes"] == len(content)
        assert archive.getmember("bin/python3.11").mode == 0o755
        assert archive.getmember("bin/python").linkname == "python3.11"


def test_unknown_architecture_is_an_error(channel: ModuleType, tree: tuple[dict[str, bytes], Path]) -> None:
    files, wheel = tree
    files["facts.json"] = json.dumps({"version": "3.11.2", "machine": "riscv64", "glibc": "2.36"}).encode()
    with pytest.raises(channel.BuildError, match="no conda subdirectory for riscv64"):
        channel.python_package(files, wheel)


def test_missing_image_is_an_error(
    channel: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'No such image: nothing' >&2\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(channel.BuildError, match="docker has no image nothing: No such image"):
        channel.build("nothing", tmp_path / "channel")
