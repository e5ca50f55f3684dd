import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "lab/machine_settings.py"
SPEC = importlib.util.spec_from_file_location("machine_settings", SCRIPT)
machine_settings = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(machine_settings)


def test_settings_have_the_release_and_its_package_sources(tmp_path: Path) -> None:
    root = tmp_path / "image/settings"
    settings = json.loads(
        subprocess.run(
            [sys.executable, SCRIPT, f"--root={root}", "--apt-proxy=http://cache:3142"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    assert settings["release"] == machine_settings.HOST_RELEASE
    assert settings["apt_sources"] == [str(path) for path in machine_settings.apt_sources()]
    assert all((root / path.removeprefix("/")).is_file() for path in settings["apt_sources"])
    assert all(Path(path).is_dir() for path in settings["mounts"])


def test_sources_of_another_release_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        machine_settings.platform, "freedesktop_os_release", lambda: {"VERSION_CODENAME": "sid"}
    )
    assert machine_settings.apt_sources() == []
