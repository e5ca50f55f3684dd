"""The module conda_environment, on a channel of a few bytes."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from .conftest import Channel, Run

pytestmark = pytest.mark.slow


def files(prefix: Path) -> dict[str, bytes]:
    """Everything below the prefix that isn't a record of when."""
    return {
        str(path.relative_to(prefix)): path.read_bytes()
        for path in sorted(prefix.rglob("*"))
        if path.is_file()
    }


def test_creates_an_environment_that_satisfies_the_specs(run: Run, prefix: Path, channel: Channel) -> None:
    result = run(specs=["tool"])
    assert result["changed"]
    assert result["actions"]["install"] == ["base", "tool"]
    assert result["packages"] == [f"base 1.0 h0_0 {channel.url}", f"tool 1.0 h0_0 {channel.url}"]
    assert (prefix / "share/tool.txt").read_text() == "tool 1.0\n"
    assert (prefix / "conda-meta/history").exists(), "conda takes a directory without it for no environment"
    record = prefix / "conda-meta/tool-1.0-h0_0.json"
    assert record.stat().st_mode & 0o777 == 0o644
    assert json.loads(record.read_text())["requested_specs"] == ["tool"]


def test_services_can_read_what_root_installs_with_a_strict_umask(run: Run, prefix: Path) -> None:
    before = os.umask(0o027)
    run(specs=["tool"])
    os.umask(before)
    closed = [
        path
        for path in prefix.rglob("*")
        if path.stat().st_mode & 0o055 != (0o055 if path.is_dir() else 0o044)
    ]
    assert closed == []


def test_second_run_changes_nothing_and_needs_no_channel(run: Run, channel: Channel) -> None:
    run(specs=["tool"])
    shutil.rmtree(channel.path)
    assert not run(specs=["tool"])["changed"]


@pytest.mark.parametrize("existing", [False, True])
def test_check_mode_reports_the_changes_and_makes_none(run: Run, prefix: Path, existing: bool) -> None:
    if existing:
        run(specs=["base"])
    before = files(prefix.parents[1])
    checked = run(check=True, specs=["tool"])
    assert files(prefix.parents[1]) == before
    done = run(specs=["tool"])
    assert checked["changed"]
    assert checked["diff"] == done["diff"]
    assert re.search(r"^tool 1.0 h0_0 file://", checked["diff"]["after"], re.MULTILINE)
    assert not run(check=True, specs=["tool"])["changed"]


def test_check_mode_before_the_tool_is_installed_shows_the_specs(run: Run, tmp_path: Path) -> None:
    result = run(check=True, specs=["tool"], tool=str(tmp_path / "nothing"))
    assert result["changed"]
    assert result["diff"]["after"] == "tool\n"


def test_satisfied_specs_are_kept_unless_latest(run: Run, prefix: Path, channel: Channel) -> None:
    run(specs=["tool"])
    channel.add("tool", "1.1", depends=("base",))
    assert not run(specs=["tool"])["changed"]
    result = run(specs=["tool"], state="latest")
    assert result["actions"]["change"] == ["tool"]
    assert (prefix / "share/tool.txt").read_text() == "tool 1.1\n"
    assert not run(specs=["tool"], state="latest")["changed"]


def test_package_that_no_spec_needs_goes(run: Run, prefix: Path) -> None:
    run(specs=["tool"])
    result = run(specs=["base"])
    assert result["actions"]["remove"] == ["tool"]
    assert not (prefix / "share/tool.txt").exists()


def test_environment_of_another_channel_is_recreated(run: Run, tmp_path: Path) -> None:
    run(specs=["base"])
    other = Channel(tmp_path / "other")
    other.add("base")
    result = run(specs=["base"], channels=[other.url])
    assert result["changed"]
    assert result["packages"] == [f"base 1.0 h0_0 {other.url}"]


DAMAGE = {
    "a file is gone": lambda prefix: (prefix / "share/tool.txt").unlink(),
    # Also in the package cache: files are hard links into it.
    "a file is truncated": lambda prefix: (prefix / "share/tool.txt").write_text(""),
    "a record is broken": lambda prefix: (prefix / "conda-meta/tool-1.0-h0_0.json").write_text("{"),
    "a record is gone": lambda prefix: (prefix / "conda-meta/tool-1.0-h0_0.json").unlink(),
    "all records are gone": lambda prefix: shutil.rmtree(prefix / "conda-meta"),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("source", ["specs", "lock"])
def test_damage_is_noticed_and_repaired(
    run: Run, prefix: Path, channel: Channel, damage: str, source: str
) -> None:
    expected = {"specs": ["tool"]} if source == "specs" else {"lock": channel.lock(*channel.packages)}
    run(**expected)
    (prefix / "share/from-pip.txt").write_text("kept\n")
    DAMAGE[damage](prefix)
    assert run(check=True, **expected)["changed"]
    result = run(**expected)
    assert result["changed"]
    assert result["diff"]["before"] != result["diff"]["after"]
    assert (prefix / "share/tool.txt").read_text() == "tool 1.0\n"
    assert (prefix / "share/from-pip.txt").exists()
    assert not run(**expected)["changed"]


def test_repair_needs_no_channel_with_existing_records(run: Run, prefix: Path, channel: Channel) -> None:
    run(specs=["tool"])
    (channel.path / "noarch/repodata.json").unlink()
    (prefix / "share/tool.txt").unlink()
    assert run(specs=["tool"])["actions"]["repair"] == ["tool"]


def test_environment_matches_the_lock(run: Run, prefix: Path, channel: Channel, tmp_path: Path) -> None:
    run(specs=["base"])
    newer = channel.add("base", "2.0")
    lock = channel.lock(newer)
    assert run(check=True, lock=lock)["actions"]["change"] == ["base"]
    assert run(lock=lock)["packages"] == [f"base 2.0 h0_0 {channel.url}"]
    assert (prefix / "share/base.txt").read_text() == "base 2.0\n"
    shutil.rmtree(channel.path)
    unchanged = run(lock=lock, tool=str(tmp_path / "not needed"))
    assert not unchanged["changed"]


def test_locked_archive_with_another_content_is_refused(run: Run, prefix: Path, channel: Channel) -> None:
    lock = channel.lock(*channel.packages)
    archive = channel.path / "noarch/base-1.0-h0_0.tar.bz2"
    archive.write_bytes(archive.read_bytes() + b"tampered")
    result = run(lock=lock)
    assert result["failure"] == "download"
    assert "differs from the lock file" in result["msg"]
    assert not prefix.exists()


def test_absent_removes_an_environment_and_nothing_else(run: Run, prefix: Path) -> None:
    assert not run(state="absent")["changed"]
    run(specs=["base"])
    assert run(state="absent", check=True)["changed"]
    assert prefix.exists()
    assert run(state="absent")["actions"]["remove"] == ["base"]
    assert not prefix.exists()
    prefix.mkdir()
    (prefix / "diary.txt").write_text("dear")
    assert "is not a conda environment" in run(state="absent")["msg"]
    assert (prefix / "diary.txt").exists()


class TestFailures:
    """Each is one sentence, and none of them touches what was there."""

    @pytest.fixture(autouse=True)
    def _untouched(self, run: Run, prefix: Path) -> None:
        run(specs=["tool"])
        before = files(prefix)
        yield
        assert files(prefix) == before
        assert not list(prefix.parent.glob(".*")), "temporary files are left"

    def sentence(self, result: dict[str, str], failure: str) -> str:
        assert result["failure"] == failure
        assert result["msg"].count("\n") == 0
        assert result["msg"].endswith(".")
        return result["msg"]

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9/channel", "file:///no/such/channel"])
    def test_unreachable_channel(self, run: Run, url: str) -> None:
        message = self.sentence(run(specs=["tool", "other"], channels=[url]), "channel")
        assert url in message
        assert "check the network and the channel URLs" in message

    def test_unsatisfiable_spec(self, run: Run) -> None:
        message = self.sentence(run(specs=["tool>=9"]), "unsatisfiable")
        assert "tool>=9" in message

    def test_malformed_spec(self, run: Run) -> None:
        self.sentence(run(specs=["tool=>!"]), "spec")

    def test_no_space(self, run: Run, channel: Channel) -> None:
        channel.add("huge", size=10**15)
        message = self.sentence(run(specs=["huge"]), "space")
        assert re.search(r"needs about \d+ MB at /.*, \d+ MB are free; make room or", message)

    def test_archive_that_cannot_be_fetched(self, run: Run, channel: Channel) -> None:
        archive = channel.path / "noarch" / channel.add("tool", "1.1")
        archive.write_bytes(b"no archive")
        self.sentence(run(specs=["tool"], state="latest"), "download")

    def test_killed_worker_is_an_error(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "tool/bin").mkdir(parents=True)
        python = tmp_path / "tool/bin/python"
        python.write_text("#!/bin/sh\nkill -SEGV $$\n")
        python.chmod(0o755)
        assert "died (signal 11)" in self.sentence(run(specs=["base"], tool=str(tmp_path / "tool")), "crash")

    def test_invalid_lock_is_an_error(self, run: Run) -> None:
        assert "@EXPLICIT" in run(lock="numpy\n")["msg"]


def test_next_run_completes_a_killed_run(run: Run, prefix: Path) -> None:
    # What is left when the machine goes down while the copy is being linked.
    leftover = prefix.with_name(f".{prefix.name}.incoming")
    (leftover / "conda-meta").mkdir(parents=True)
    (leftover / "conda-meta/tool-1.0-h0_0.json").write_text("{")
    assert run(specs=["tool"])["changed"]
    assert not leftover.exists()
    assert not run(specs=["tool"])["changed"]
