"""The role's modules run in this process, on an environment and an application of a few bytes."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..role_module import load_module, run_module

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def _run(module: str, check: bool = False, **parameters: Any) -> dict[str, Any]:
        """Run a module of the role; return its result."""
        return run_module(load_module(module), capsys, check, parameters)

    return _run


def make_wheel(directory: Path, name: str, version: str, script: str = "") -> Path:
    """Write a wheel with one module and, optionally, one command."""
    files = {
        f"{name}/__init__.py": f"__version__ = {version!r}\n\ndef main():\n    print(__version__)\n",
        f"{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{name}-{version}.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    if script:
        files[f"{name}-{version}.dist-info/entry_points.txt"] = f"[console_scripts]\n{script} = {name}:main\n"
    record = f"{name}-{version}.dist-info/RECORD"
    files[record] = "".join(f"{path},,\n" for path in [*files, record])
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return wheel


def pin(wheel: Path) -> str:
    """Lock a wheel."""
    name, version = wheel.name.split("-")[:2]
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with pip; made once, since that takes seconds."""
    directory = tmp_path_factory.mktemp("environments") / "pristine"
    subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
    return directory


@pytest.fixture
def python(pristine: Path) -> Path:
    """The interpreter of an environment that a test may change; it is cleaned afterwards."""
    site_packages = next(pristine.glob("lib/python*/site-packages"))
    before = set(site_packages.iterdir()) | set((pristine / "bin").iterdir())
    yield pristine / "bin" / "python"
    for path in {*site_packages.iterdir(), *(pristine / "bin").iterdir()} - before:
        if path.is_dir() and not path.is_symlink():
            subprocess.run(["rm", "-r", str(path)], check=True)
        else:
            path.unlink()


@pytest.fixture
def site_packages(python: Path) -> Path:
    return next(python.parents[1].glob("lib/python*/site-packages"))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of wheels, the only index of pip."""
    directory = tmp_path / "wheels"
    directory.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return directory
