"""Strategy and output that ansible.cfg names; the strategy must hold with Mitogen and without."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.ping:
    - ansible.builtin.command: "false"
      register: result
      until: result.rc == 0
      retries: 2
      delay: 0
      ignore_errors: true
"""


def play(tmp_path: Path, *options: str, returns: int = 0, **environment: str) -> str:
    (tmp_path / "play.yml").write_text(PLAY)
    run = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-c", "local", str(tmp_path / "play.yml"), *options],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == returns, run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.mark.parametrize(("mitogen", "expected"), [("1", True), ("0", False)])
def test_playbook_runs_with_and_without_mitogen(tmp_path: Path, mitogen: str, expected: bool) -> None:
    output = play(tmp_path, "-vvv", ML_WORKSHOP_MITOGEN=mitogen)
    # Without Mitogen each module is a file that a shell runs.
    assert ("EXEC /bin/sh" not in output) is expected


def test_start_at_task_is_refused_with_the_alternative(tmp_path: Path) -> None:
    output = play(tmp_path, "--start-at-task", "ping", returns=5)
    assert "--start-at-task skips the tasks whose results later tasks need; run one phase" in output


@pytest.mark.parametrize(("options", "waiting", "retrying"), [((), 1, 0), (("-v",), 0, 2)])
def test_task_that_waits_prints_one_line(
    tmp_path: Path, options: tuple[str], waiting: int, retrying: int
) -> None:
    output = play(tmp_path, *options)
    assert output.count("\nwaiting: [localhost]\n") == waiting
    assert output.count("FAILED - RETRYING") == retrying
