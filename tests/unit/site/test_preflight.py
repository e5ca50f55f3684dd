"""Invalid input fails before any host is changed, with a sentence that names the remedy."""

import getpass
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PROXY = """#!/bin/bash
echo used >>{log}
exec 3<>/dev/tcp/$1/$2
cat <&3 &
cat >&3
kill $!
"""
AWS = (ROOT / "inventory/aws.ini").read_text()


def filled(a: str = "203.0.113.10", b: str = "203.0.113.20", **settings: str) -> str:
    """Fill in inventory/aws.ini like a user; 203.0.113.0/24 does not answer."""
    text = AWS.replace("ADDRESS_OF_INSTANCE_A", a).replace("ADDRESS_OF_INSTANCE_B", b)
    text = re.sub("^ansible_ssh_private_key_file=.*$", "", text, flags=re.MULTILINE)
    return text + "".join(f"\n{name}={value}" for name, value in settings.items())


@pytest.fixture
def preflight(tmp_path: Path):
    def _preflight(inventory: str, *options: str, cwd: Path = ROOT, passes: bool = False) -> str:
        (tmp_path / "hosts.ini").write_text(inventory)
        run = subprocess.run(
            [
                "ansible-playbook",
                "-i",
                str(tmp_path / "hosts.ini"),
                ROOT / "playbooks/preflight.yml",
                *options,
            ],
            cwd=cwd,
            env=os.environ | {"ANSIBLE_SSH_ARGS": "-o ConnectTimeout=5", "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (run.returncode == 0) is passes, run.stdout
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
            filled() + "\n[trainer]\nx ansible_host=203.0.113.30\n",
            "x is in [trainer], but not in [instance_a]",
        ),
        (
            filled(ansible_ssh_private_key_file="/nowhere/key.pem"),
            "the key file /nowhere/key.pem doesn't exist",
        ),
        (
            filled(model_repo="s3://bucket"),
            'model_repo (model_repo) is "s3://bucket"; set it to hf://user/name',
        ),
        (filled(model_repo="hf://me/model"), "hub_token is not set; create a token"),
        (
            filled(model_repo="dir:///etc"),
            'model_repo) is "dir:///etc"; set it to hf://user/name, or to dir://',
        ),
        (filled(firewall_operators="10.0.0.0/33"), 'firewall_operators is "10.0.0.0/33"; set it'),
        (filled(conda_cli_enabled="maybe"), 'conda_cli_enabled is "maybe"; set it to true or false.'),
        (filled(trainer_keep_runs="0"), 'trainer_keep_runs is "0"; set it to a whole number of 1 or more.'),
        (filled(install_method="source"), '(install_method) is "source"; set it to one of archive, package.'),
    ],
)
def test_message_names_the_setting(preflight, inventory: str, sentence: str) -> None:
    assert sentence in preflight(inventory)


def test_unreachable_host_is_named_with_what_to_check(preflight) -> None:
    # Nothing listens on port 1 of loopback.
    output = preflight(filled("127.0.0.1 ansible_port=1", "127.0.0.2 ansible_port=1"))
    assert "instance-a (127.0.0.1) cannot be reached as ubuntu" in output
    assert "Connection refused; check the address in the inventory" in output


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory):
    """An SSH server on loopback that accepts one key of this user; returns its port and the key."""
    home = tmp_path_factory.mktemp("sshd")
    program = shutil.which("sshd", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("sshd is missing: apt-get install openssh-server")
    for name in ("host_key", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / name], check=True)
    (home / "authorized_keys").write_text((home / "key.pub").read_text())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    Path("/run/sshd").mkdir(exist_ok=True)
    options = ["-D", "-e", "-f", "/dev/null", "-p", str(port), "-h", str(home / "host_key")]
    options += [
        "-o",
        f"AuthorizedKeysFile={home}/authorized_keys",
        "-o",
        "StrictModes=no",
        "-o",
        "PidFile=none",
    ]
    server = subprocess.Popen([program, *options, "-o", "ListenAddress=127.0.0.1"], stderr=subprocess.PIPE)
    assert server.stderr
    assert b"listening" in server.stderr.readline()
    yield port, home / "key"
    server.terminate()
    server.wait(timeout=10)


SUDO = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"'
"""A sudo that stays with the user who calls it."""


def over_ssh(port: int, key: Path, **settings: str) -> str:
    """An inventory of two names of this machine; host keys are accepted into a file next to the key."""
    options = f"-o UserKnownHostsFile={key.parent}/known_hosts {settings.pop('common_args', '')}"
    variables = {
        "ansible_user": getpass.getuser(),
        "ansible_port": str(port),
        "ansible_ssh_private_key_file": str(key),
        "ansible_ssh_common_args": options,
    } | settings
    inventory = "[instance_a]\none ansible_host=127.0.0.1\n[instance_b]\ntwo ansible_host=localhost\n"
    return inventory + "[all:vars]\n" + "".join(f"{name}={value}\n" for name, value in variables.items())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            "chmod 644 {key}",
            "cannot be reached as .*; the key file .*key can be read by others: run chmod 600",
        ),
        ("ssh-keygen -q -p -N secret -f {key}", "the key .*key has a passphrase: add it to an agent"),
        ("sed -i 's/$/\\r/' {key}", "is not a private key in OpenSSH's format: .* remove carriage returns"),
        ("echo 'PuTTY-User-Key-File-3: ssh-ed25519' >{key}", "is not a private key .*: convert a PuTTY key"),
        ("ssh-keygen -q -t ed25519 -N '' -f {key} <<<y", "Permission denied .*; check ansible_user .it is"),
    ],
    ids=["mode", "passphrase", "carriage returns", "PuTTY", "another key"],
)
def test_failed_login_names_its_cause(preflight, sshd, tmp_path: Path, change: str, words: str) -> None:
    port, key = sshd
    own = tmp_path / "key"
    shutil.copy(key, own)
    subprocess.run(["bash", "-c", change.format(key=own)], check=True, stdout=subprocess.DEVNULL)
    assert re.search(words, preflight(over_ssh(port, own)))


def test_changed_host_key_is_refused_with_the_command_that_removes_it(
    preflight, sshd, tmp_path: Path
) -> None:
    port, key = sshd
    shutil.copy(key, tmp_path / "key")
    other = (key.parent / "key.pub").read_text().rsplit(" ", 1)[0]
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {other}\n[localhost]:{port} {other}\n")
    assert "remove its old key: ssh-keygen -R 127.0.0.1" in preflight(over_ssh(port, tmp_path / "key"))


def test_jump_host_is_used_at_the_first_contact(preflight, sshd, tmp_path: Path) -> None:
    port, key = sshd
    shutil.copy(key, tmp_path / "key")
    (tmp_path / "proxy").write_text(PROXY.format(log=tmp_path / "log"))
    (tmp_path / "proxy").chmod(0o755)
    arguments = f'-o ProxyCommand="{tmp_path}/proxy %h %p"'
    preflight(over_ssh(port, tmp_path / "key", common_args=arguments), passes=True)
    assert (tmp_path / "log").read_text()
    assert "ssh-ed25519" in (tmp_path / "known_hosts").read_text()


def test_sudo_with_a_password_is_explained(preflight, sshd, tmp_path: Path) -> None:
    port, key = sshd
    shutil.copy(key, tmp_path / "key")
    fake_sudo = tmp_path / "sudo"
    fake_sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    fake_sudo.chmod(0o755)
    output = preflight(
        over_ssh(port, tmp_path / "key", ansible_become_exe=str(fake_sudo), ansible_become_user="nobody")
    )
    assert re.search("one: .* cannot become root by sudo .*; run the playbook with --ask-become-pass", output)


def test_host_where_sudo_works_is_not_blamed(preflight, sshd, tmp_path: Path) -> None:
    port, key = sshd
    shutil.copy(key, tmp_path / "key")
    for name, text in {"one": "echo 'sudo: wrong' >&2; exit 1", "two": SUDO}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    inventory = over_ssh(port, tmp_path / "key", ansible_become_user="nobody")
    for name in ("one", "two"):
        inventory = inventory.replace(f"\n{name} ", f"\n{name} ansible_become_exe={tmp_path}/{name} ")
    output = preflight(inventory)
    assert "one: " in output
    assert "two: " not in output


def test_checks_hold_for_hosts_that_limit_leaves(preflight) -> None:
    output = preflight(AWS, "--limit", "instance-b")
    assert "instance-b: 'ADDRESS_OF_INSTANCE_B' is not an address" in output


def test_it_runs_from_another_directory(preflight, tmp_path: Path) -> None:
    assert "'ADDRESS_OF_INSTANCE_A' is not an address" in preflight(AWS, cwd=tmp_path)
