import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from benchmark.background import started

TWO_PROCESSES = ("sh", "-c", "sleep 1000 & echo started; wait")
DEAF = ("sh", "-c", "trap '' TERM; echo started; while :; do sleep 1000; done")


def members(group: int) -> list[int]:
    """Processes of a group that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _parent, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(int(stat.parent.name))
    return found


def gone(group: int) -> bool:
    """Whether a group ends; the kernel takes a moment for what was killed."""
    deadline = time.monotonic() + 5
    while members(group) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not members(group)


def test_program_and_its_children_are_stopped(tmp_path: Path) -> None:
    with started(TWO_PROCESSES, tmp_path / "log", {}) as process:
        while "started" not in (tmp_path / "log").read_text():
            assert process.poll() is None
        assert len(members(process.pid)) == 2
    assert gone(process.pid)


def test_they_are_stopped_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), started(TWO_PROCESSES, tmp_path / "log", {}) as process:
        raise KeyError
    assert gone(process.pid)


def test_program_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.background.STOP_SECONDS", 0.1)
    with started(DEAF, tmp_path / "log", {}) as process:
        while "started" not in (tmp_path / "log").read_text():
            assert process.poll() is None
    assert process.returncode == -signal.SIGKILL
    assert gone(process.pid)


def test_program_may_end_by_itself(tmp_path: Path) -> None:
    with started(("true",), tmp_path / "log", {}) as process:
        process.wait(10)
    assert process.returncode == os.EX_OK
