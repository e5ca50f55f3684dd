"""The modules application_wheel (on the controller) and application_release (on a host)."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ..role_module import load_module
from .conftest import Run, make_wheel

pytestmark = pytest.mark.slow


class TestWheel:
    @pytest.fixture
    def source(self, tmp_path: Path) -> Path:
        source = tmp_path / "app"
        (source / "src/tiny").mkdir(parents=True)
        (source / "src/tiny/__init__.py").write_text("")
        (source / "pyproject.toml").write_text("[project]\nname = 'tiny'\nversion = '1.0'\n")
        return source

    @pytest.fixture
    def pip(self, tmp_path: Path) -> Path:
        """Stands in for an interpreter with pip: writes a wheel, and counts."""
        pip = tmp_path / "python"
        pip.write_text(
            f"""#!/bin/sh
echo x >>{tmp_path}/built
for argument; do case "$previous" in --wheel-dir) directory=$argument;; esac; previous=$argument; done
grep -q broken "$previous/pyproject.toml" && {{ echo "error: it is broken." >&2; exit 1; }}
mkdir -p "$directory" && touch "$directory/tiny-1.0-py3-none-any.whl" "$previous/src/trace"
"""
        )
        pip.chmod(0o755)
        return pip

    @pytest.fixture
    def build(self, run: Run, tmp_path: Path, source: Path, pip: Path) -> Any:
        cache = tmp_path / "cache"
        return lambda **more: run("application_wheel", source_dir=source, cache_dir=cache, python=pip, **more)

    def test_is_built_once_per_content(self, build: Any, source: Path, tmp_path: Path) -> None:
        first = build()
        assert Path(first["path"]).name == "tiny-1.0-py3-none-any.whl"
        assert build() == first
        (source / "src/tiny/__init__.py").write_text("changed = True\n")
        assert build()["release"] != first["release"]
        assert (tmp_path / "built").read_text() == "x\nx\n"

    def test_leaves_no_trace_in_the_source(self, build: Any, source: Path) -> None:
        before = sorted(source.rglob("*"))
        build()
        assert sorted(source.rglob("*")) == before

    @pytest.mark.parametrize(
        "leftover",
        ["src/tiny/__pycache__/x.pyc", "src/tiny.egg-info/PKG-INFO", ".venv/x", "tests/x", "src/.x"],
    )
    def test_what_tools_leave_behind_makes_no_release(self, build: Any, source: Path, leftover: str) -> None:
        release = build()["release"]
        (source / leftover).parent.mkdir(parents=True, exist_ok=True)
        (source / leftover).write_text("leftover")
        assert build()["release"] == release

    def test_times_and_modes_make_no_release(self, build: Any, source: Path) -> None:
        release = build()["release"]
        os.utime(source / "pyproject.toml", (0, 0))
        (source / "pyproject.toml").chmod(0o600)
        assert build()["release"] == release

    def test_check_mode_builds_nothing(self, build: Any, tmp_path: Path) -> None:
        assert build(check=True)["release"] == build()["release"]
        assert (tmp_path / "built").read_text() == "x\n"

    def test_failure_is_one_sentence_and_leaves_nothing(
        self, build: Any, source: Path, tmp_path: Path
    ) -> None:
        (source / "pyproject.toml").write_text("broken")
        assert build()["msg"] == (f"The wheel of {source} cannot be built on the controller (it is broken).")
        assert not list((tmp_path / "cache").iterdir())


class TestRelease:
    @pytest.fixture
    def app(self, tmp_path: Path) -> Path:
        return tmp_path / "opt/app"

    @pytest.fixture
    def switch(self, run: Run, app: Path, python: Path, tmp_path: Path, index: Path) -> Any:
        def _switch(release: str, bring: bool = True, **more: Any) -> dict[str, Any]:
            """Make a release current; `bring` its wheel first, of version RELEASE[-1]."""
            if bring:
                make_wheel(app / "wheels" / release, "tiny", release[-1], script="tiny")
            places = {"install_dir": app, "python": python, "command_dir": tmp_path / "usr/bin"}
            return run("application_release", release=release, command="tiny", **places, **more)

        return _switch

    def version(self, command: Path) -> str:
        return subprocess.run([str(command)], check=True, capture_output=True, text=True).stdout.strip()

    def test_installs_and_links(self, switch: Any, app: Path, python: Path, tmp_path: Path) -> None:
        result = switch("a1")
        assert result["changed"]
        assert (result["release"], result["previous"], result["releases"]) == ("a1", "", ["a1"])
        assert str((app / "current").readlink()) == "releases/a1"
        for command in (app / "current/bin/tiny", tmp_path / "usr/bin/tiny", python.parent / "tiny"):
            assert self.version(command) == "1"
        assert not switch("a1")["changed"]

    def test_check_mode_reports_the_changes_and_makes_none(self, switch: Any, app: Path) -> None:
        checked = switch("a1", check=True, bring=False)
        assert not app.exists()
        assert checked["changed"]
        assert checked["diff"] == switch("a1")["diff"]
        before = sorted(app.rglob("*"))
        checked = switch("b2", check=True, bring=False)
        assert sorted(app.rglob("*")) == before
        assert checked["diff"] == switch("b2")["diff"]

    def test_new_release_and_rollback(self, switch: Any, app: Path, tmp_path: Path) -> None:
        switch("a1")
        assert switch("b2")["previous"] == "a1"
        assert self.version(tmp_path / "usr/bin/tiny") == "2"
        back = switch("a1", bring=False, create=False)
        assert back["changed"]
        assert self.version(tmp_path / "usr/bin/tiny") == "1"
        assert not switch("a1", bring=False, create=False)["changed"]

    @pytest.mark.parametrize("check", [False, True])
    def test_rollback_to_a_missing_release_is_an_error(self, switch: Any, check: bool) -> None:
        switch("a1")
        switch("b2")
        message = switch("c3", bring=False, create=False, check=check)["msg"]
        assert message.startswith("Release c3 is not in ")
        assert message.endswith("choose one of those that are there (b2, a1).")

    def test_services_can_run_what_root_installs_with_a_strict_umask(self, switch: Any, app: Path) -> None:
        before = os.umask(0o027)
        try:
            switch("a1")
        finally:
            os.umask(before)
        paths = [app / "releases", *(app / "releases/a1").rglob("*")]
        assert [path for path in paths if path.stat().st_mode & 0o004 == 0] == []
        (app / "releases/a1/bin/tiny").chmod(0o750)
        assert switch("a1")["changed"]

    def test_old_releases_go_and_the_current_one_never(self, switch: Any, app: Path) -> None:
        for release in ("a1", "b2", "c3"):
            switch(release, keep=2)
        assert sorted(path.name for path in (app / "releases").iterdir()) == ["b2", "c3"]
        assert sorted(path.name for path in (app / "wheels").iterdir()) == ["b2", "c3"]
        switch("b2", bring=False, create=False, keep=2)
        assert (app / "current/bin").is_dir()
        assert (app / "releases/c3").is_dir()
        # The oldest is current now: the newer ones go before it does.
        switch("b2", bring=False, create=False, keep=1)
        assert [path.name for path in (app / "releases").iterdir()] == ["b2"]

    def test_release_that_is_in_use_is_not_removed(self, switch: Any, app: Path) -> None:
        switch("a1")
        (app / "in_use").mkdir()
        (app / "in_use/blue").symlink_to("../releases/a1")
        for release in ("b2", "c3", "d4"):
            switch(release, keep=1)
        assert sorted(path.name for path in (app / "releases").iterdir()) == ["a1", "d4"]

    def test_release_that_does_not_start_leaves_the_old_one(self, switch: Any, app: Path) -> None:
        switch("a1")
        make_wheel(app / "wheels/b2", "tiny", "2", script="tiny")
        with zipfile.ZipFile(next((app / "wheels/b2").glob("*.whl")), "a") as wheel:
            wheel.writestr("tiny/__init__.py", "import nothing_of_this_name\n")
        message = switch("b2", bring=False)["msg"]
        assert message.startswith("Release b2 does not start (ModuleNotFoundError: No module named 'nothing_")
        assert self.version(app / "current/bin/tiny") == "1"
        assert [path.name for path in (app / "releases").iterdir()] == ["a1"]

    @pytest.mark.parametrize("lost", ["tiny/__init__.py", "bin/tiny", "tiny-1.dist-info/RECORD"])
    def test_release_with_missing_files_is_reinstalled(self, switch: Any, app: Path, lost: str) -> None:
        switch("a1")
        (app / "current" / lost).unlink()
        assert switch("a1", check=True)["changed"]
        assert switch("a1")["changed"]
        assert (app / "current" / lost).exists()
        assert not switch("a1")["changed"]

    def test_wheel_that_cannot_be_installed_leaves_the_old_release(self, switch: Any, app: Path) -> None:
        switch("a1")
        (app / "wheels/b2").mkdir()
        (app / "wheels/b2/tiny-2-py3-none-any.whl").write_text("no wheel")
        assert switch("b2", bring=False)["msg"].startswith(f"The wheel {app}/wheels/b2/tiny-2-py3")
        assert self.version(app / "current/bin/tiny") == "1"
        assert [path.name for path in (app / "releases").iterdir()] == ["a1"]

    def test_wrong_links_are_corrected(self, switch: Any, tmp_path: Path) -> None:
        switch("a1")
        (tmp_path / "usr/bin/tiny").unlink()
        (tmp_path / "usr/bin/tiny").symlink_to("/elsewhere")
        result = switch("a1")
        assert "/elsewhere" in result["diff"]["before"]
        assert self.version(tmp_path / "usr/bin/tiny") == "1"

    def test_there_is_always_a_current_release(self, tmp_path: Path) -> None:
        """A concurrent reader always finds one of the two releases."""
        link = tmp_path / "current"
        link.symlink_to("0")
        reader = (
            "import os, sys\n"
            "print('ready', flush=True)\n"
            "while not os.path.exists(sys.argv[2]):\n"
            "    os.readlink(sys.argv[1])\n"
        )
        command = [sys.executable, "-c", reader, str(link), str(tmp_path / "stop")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            for number in range(3000):
                load_module("application_release").replace_link(link, str(number))
            (tmp_path / "stop").touch()
            assert process.wait(10) == 0
        assert shutil.os.readlink(link) == "2999"
