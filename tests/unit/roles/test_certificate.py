"""Certificates of hosts, made on the controller by roles/common/tasks/certificate.yml."""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLAY = """
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: {name: common, tasks_from: certificate}
"""


@pytest.mark.parametrize(
    ("host", "name", "sentence"),
    [
        ("instance-a", f"{'long-label.' * 7}example.com", ""),  # no common name has more than 64 characters
        ("ca", "ca.example.com", 'The name "ca" is that of the authority'),
    ],
)
def test_names_that_a_certificate_can_have(tmp_path: Path, host: str, name: str, sentence: str) -> None:
    (tmp_path / "play.yml").write_text(PLAY)
    variables = {"common_certificate_dir": str(tmp_path / "tls"), "common_certificate_names": [name]}
    run = subprocess.run(
        ["ansible-playbook", f"--inventory={host},", f"-e{json.dumps(variables)}", tmp_path / "play.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (run.returncode == 0) == (not sentence), run.stdout
    assert sentence in run.stdout + run.stderr
    assert not sentence or not (tmp_path / "tls" / "ca.crt").exists()
