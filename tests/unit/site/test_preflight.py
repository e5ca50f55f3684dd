"""Bad input fails before any host is touched, with a sentence that says what to do."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
AWS = (ROOT / "inventory/aws.ini").read_text()


def filled(a: str = "203.0.113.10", b: str = "203.0.113.20", **settings: str) -> str:
    """Fill in inventory/aws.ini as a participant would; nobody answers in 203.0.113.0/24."""
    text = AWS.replace("ADDRESS_OF_INSTANCE_A", a).replace("ADDRESS_OF_INSTANCE_B", b)
    text = re.sub("^ansible_ssh_private_key_file=.*$", "", text, flags=re.MULTILINE)
    return text + "".join(f"\n{name}={value}" for name, value in settings.items())


@pytest.fixture
def preflight(tmp_path: Path):
    def _preflight(inventory: str) -> str:
        (tmp_path / "hosts.ini").write_text(inventory)
        run = subprocess.run(
            ["ansible-playbook", "-i", str(tmp_path / "hosts.ini"), "playbooks/preflight.yml"],
            cwd=ROOT,
            env=os.environ | {"ANSIBLE_SSH_ARGS": "-o ConnectTimeout=5", "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert run.returncode != 0, run.stdout
        assert "Traceback" not in run.stdout + run.stderr
        assert "changed=0" in run.stdout
        return run.stdout + run.stderr

    return _preflight


@pytest.mark.parametrize(
    ("inventory", "sentence"),
    [
        (AWS, "instance-a: 'ADDRESS_OF_INSTANCE_A' is not an address; set ansible_host of instance-a"),
        (filled(a=""), "instance-a: the address is missing; set ansible_host of instance-a"),
        (filled(a="300.1.2.3"), "instance-a: '300.1.2.3' is not an address"),
        (filled(b="http://203.0.113.20/"), "instance-b: 'http://203.0.113.20/' is not an address"),
        (filled(b="203.0.113.10"), "Several names of the inventory have one address"),
        (AWS.replace("[instance_b]", "[other]"), "The inventory has no host in [instance_b]"),
        (
            filled(ansible_ssh_private_key_file="/nowhere/key.pem"),
            "the key file /nowhere/key.pem doesn't exist",
        ),
        (filled(model_repo="s3://bucket"), "model_repo is 's3://bucket'; set it to hf://"),
        (filled(model_repo="hf://me/model"), "hub_token is not set; create a token"),
        (filled(install_method="source"), "install_method is 'source'; set it to archive or package."),
    ],
)
def test_it_says_what_to_set(preflight, inventory: str, sentence: str) -> None:
    assert sentence in preflight(inventory)


def test_an_unreachable_host_is_named_with_what_to_check(preflight) -> None:
    # Nothing listens on port 1 of loopback.
    output = preflight(filled("127.0.0.1 ansible_port=1", "127.0.0.2 ansible_port=1"))
    assert "instance-a (127.0.0.1) cannot be reached as ubuntu" in output
    assert "Connection refused. Check its address in the inventory" in output
