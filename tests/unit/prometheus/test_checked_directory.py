"""The module checked_directory: all files or none, and no others."""

import grp
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..role_module import load_module, run_module

MODULE = load_module("checked_directory")
GROUP = grp.getgrgid(os.getgid()).gr_name
NO_BAD = ["/bin/sh", "-c", 'for f in "$0" "$@"; do ! grep -H bad "$f" >&2 || exit 1; done']

Write = Callable[..., dict[str, Any]]


@pytest.fixture
def write(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Write:
    def _write(files: dict[str, str], check_mode: bool = False, check: list[str] = NO_BAD) -> dict[str, Any]:
        parameters = {"dest": tmp_path / "rules", "files": files, "check": check, "group": GROUP}
        return run_module(MODULE, capsys, check_mode, parameters)

    return _write


def content(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (directory / "rules").iterdir()}


def test_files_are_written_once(write: Write, tmp_path: Path) -> None:
    assert write({"a.yml": "one\n", "b.yml": "two\n"})["changed"]
    assert content(tmp_path) == {"a.yml": "one\n", "b.yml": "two\n"}
    assert not write({"a.yml": "one\n", "b.yml": "two\n"})["changed"]


def test_files_that_are_gone_are_removed(write: Write, tmp_path: Path) -> None:
    write({"a.yml": "one\n", "b.yml": "two\n"})
    assert write({"b.yml": "two\n"})["changed"]
    assert content(tmp_path) == {"b.yml": "two\n"}
    assert write({})["changed"]
    assert content(tmp_path) == {}


def test_one_refused_file_keeps_all_as_they_are(write: Write, tmp_path: Path) -> None:
    write({"a.yml": "one\n", "b.yml": "two\n"})
    result = write({"a.yml": "other\n", "c.yml": "bad\n"})
    assert result["failed"]
    assert result["refused"] == "c.yml:bad"
    assert result["msg"] == f"sh refuses the new files of {tmp_path}/rules: c.yml:bad."
    assert content(tmp_path) == {"a.yml": "one\n", "b.yml": "two\n"}


def test_check_mode_reports_and_writes_nothing(write: Write, tmp_path: Path) -> None:
    result = write({"a.yml": "one\n"}, check_mode=True)
    assert result["changed"]
    assert not (tmp_path / "rules").exists()
    assert write({"a.yml": "bad\n"}, check_mode=True)["failed"]
    assert write({"a.yml": "one\n"})["diff"] == result["diff"]
    assert [(d["before"], d["after"]) for d in result["diff"]] == [("", "one\n")]


def test_check_is_skipped_for_unchanged_files(write: Write) -> None:
    write({"a.yml": "one\n"})
    assert not write({"a.yml": "one\n"}, check=["/bin/false"])["changed"]


def test_modes_are_corrected(write: Write, tmp_path: Path) -> None:
    write({"a.yml": "one\n"})
    (tmp_path / "rules" / "a.yml").chmod(0o666)
    assert write({"a.yml": "one\n"})["changed"]
    assert (tmp_path / "rules" / "a.yml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "rules").stat().st_mode & 0o777 == 0o750
