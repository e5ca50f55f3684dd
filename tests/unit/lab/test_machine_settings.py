import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..role_module import load_file

SCRIPT = Path(__file__).parents[3] / "lab/machine_settings.py"
machine_settings = load_file(SCRIPT)


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
    for release in machine_settings.RELEASES:
        texts = [Path(path).read_text() for path in settings["apt_sources"][release]]
        assert texts == list(machine_settings.apt_sources(release).values())
    assert all(Path(path).is_dir() for path in settings["mounts"])


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("bookworm", "deb http://mirror trixie trixie-updates main"),
        ("trixie", "deb http://mirror trixie trixie-updates main"),
        ("sid", None),
    ],
)
def test_sources_name_the_release_of_the_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own: str, expected: str | None
) -> None:
    (tmp_path / "sources.list").write_text(f"deb http://mirror {own} {own}-updates main")
    monkeypatch.setattr(machine_settings, "APT", tmp_path)
    monkeypatch.setattr(
        machine_settings.platform, "freedesktop_os_release", lambda: {"VERSION_CODENAME": own}
    )
    assert machine_settings.apt_sources("trixie").get("sources.list") == expected
