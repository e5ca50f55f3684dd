"""Playbooks run from any directory with any inventory."""

import os
import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PLAYBOOKS = sorted((*ROOT.glob("playbooks/*.yml"), ROOT / "site.yml"))
#: Parts of other playbooks, and one that needs no host.
PARTS = {"share_model", "enable_hosts", "image"}


def run(playbook: Path, *options: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ansible-playbook", playbook, *options],
        cwd=cwd,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_playbook_finds_its_roles_from_another_directory(playbook: Path, tmp_path: Path) -> None:
    checked = run(playbook, "--syntax-check", "-i", str(ROOT / "inventory/aws.ini"), cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_results_of_other_hosts_are_not_needed(playbook: Path) -> None:
    """They are undefined where --limit leaves the other host out."""
    text = playbook.read_text()
    registered = set(re.findall(r"register: (\w+)", text))
    others = re.sub(r"(ansible_play_hosts|__hosts_that_ran) \| map\('extract', hostvars", "", text)
    read = set(re.findall(r"hostvars\[[^\]]+\]\.(\w+)|hostvars, \[?'(\w+)'", others))
    assert not registered & {name for pair in read for name in pair}


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_inventory_without_the_groups_is_one_sentence(playbook: Path) -> None:
    if playbook.stem in PARTS or playbook.stem.startswith("ec2_"):
        pytest.skip(f"{playbook.name} is a part of others, or needs no inventory")
    checked = run(playbook, "-i", "other,", cwd=ROOT)
    assert checked.returncode != 0
    assert "The inventory has no host in [instance_a]; add one line" in checked.stdout + checked.stderr
