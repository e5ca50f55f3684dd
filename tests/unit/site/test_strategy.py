"""ansible.cfg names one strategy; it must hold with Mitogen and without."""

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
"""


def play(tmp_path: Path, *options: str, returns: int = 0, **environment: str) -> str:
    (tmp_path / "play.yml").write_text(PLAY)
    run = subprocess.run(
        ["ansible-playbook", "-vvv", "-i", "localhost,", "-c", "local", str(tmp_path / "play.yml"), *options],
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
    output = play(tmp_path, ML_WORKSHOP_MITOGEN=mitogen)
    # Without Mitogen each module is a file that a shell runs.
    assert ("EXEC /bin/sh" not in output) is expected


def test_start_at_task_is_refused_with_the_alternative(tmp_path: Path) -> None:
    output = play(tmp_path, "--start-at-task", "ping", returns=5)
    assert "--start-at-task skips the tasks whose results later tasks need; run one phase" in output
