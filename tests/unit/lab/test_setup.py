"""A missing program is one sentence, and nothing is installed for a user who is not root."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def setup(tmp_path: Path):
    """Run lab/setup.sh with these programs (name to shell script) and no other docker, python or apt."""

    def _setup(*arguments: str, **programs: str) -> subprocess.CompletedProcess[str]:
        for name in ("bash", "dirname", "sed", "grep", "sha256sum", "basename", "mkdir"):
            (tmp_path / name).symlink_to(shutil.which(name))
        for name, script in programs.items():
            (tmp_path / name.replace("_", "-")).write_text(f"#!/bin/bash\n{script}\n")
            (tmp_path / name.replace("_", "-")).chmod(0o755)
        return subprocess.run(
            [ROOT / "lab/setup.sh", *arguments],
            env={"PATH": str(tmp_path), "HOME": os.environ["HOME"]},
            capture_output=True,
            text=True,
            timeout=30,
        )

    return _setup


USER = 'if [ "$1" = -u ]; then echo 1000; else echo student; fi'


def test_message_for_users_without_docker(setup) -> None:
    run = setup("docker", id=USER)
    assert run.returncode == 1
    assert run.stderr.startswith("ml-workshop: needs Docker; run 'sudo apt-get install docker.io'")


def test_message_for_users_outside_the_docker_group(setup) -> None:
    run = setup("docker", id=USER, docker="exit 1")
    assert run.returncode == 1
    assert "Docker doesn't answer for student" in run.stderr
    assert "usermod -aG docker student" in run.stderr


def test_nothing_is_done_where_docker_answers(setup) -> None:
    run = setup("docker", id=USER, docker="exit 0")
    assert run.returncode == 0
    assert run.stdout + run.stderr == ""


def test_old_python_is_named(setup) -> None:
    run = setup(
        "venv",
        "nowhere",
        "requirements/site.txt",
        id=USER,
        python3='[ "$1" = --version ] && echo Python 3.9.2; exit 1',
    )
    assert run.returncode == 1
    assert "needs Python 3.11 or newer on the controller; Python 3.9.2" in run.stderr


def test_message_for_a_missing_package(setup) -> None:
    run = setup("command", "mmdebstrap", "mmdebstrap", id=USER, apt_get="exit 0")
    assert run.returncode == 1
    assert "needs the package(s) mmdebstrap; run 'sudo apt-get install mmdebstrap'" in run.stderr


def test_message_without_apt(setup) -> None:
    run = setup("command", "mmdebstrap", "mmdebstrap", id=USER)
    assert run.returncode == 1
    assert "needs the package(s) mmdebstrap; install them with this system's package manager" in run.stderr


def test_promtool_is_taken_from_the_path_where_there_is_no_package(tmp_path: Path) -> None:
    """The state of a fresh clone."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "lab/setup.sh", tmp_path / "lab")
    for name in ("bash", "dirname", "mkdir", "ln"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))

    def get() -> subprocess.CompletedProcess[str]:
        command, environment = [tmp_path / "lab/setup.sh", "promtool"], {"PATH": str(tmp_path / "bin")}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)

    run = get()
    assert run.returncode == 1
    assert run.stderr.startswith("ml-workshop: needs promtool; put the one of a Prometheus release on PATH")
    (tmp_path / "bin/promtool").write_text("#!/bin/bash\n")
    (tmp_path / "bin/promtool").chmod(0o755)
    assert get().returncode == 0
    assert (tmp_path / ".lab/bin/promtool").samefile(tmp_path / "bin/promtool")


def test_environment_whose_commands_do_not_start_is_recreated(tmp_path: Path) -> None:
    """After the checkout was moved, or Python removed."""

    def make(checkout: Path) -> str:
        command = [checkout / "lab/setup.sh", "venv", ".venv", "empty.txt"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        subprocess.run([checkout / ".venv/bin/pip", "--version"], check=True, stdout=subprocess.DEVNULL)
        return run.stdout

    (tmp_path / "old/lab").mkdir(parents=True)
    shutil.copy(ROOT / "lab/setup.sh", tmp_path / "old/lab")
    (tmp_path / "old/empty.txt").touch()
    made = "== installing the Python packages of empty.txt into .venv\n"
    assert make(tmp_path / "old") == made
    assert make(tmp_path / "old") == ""
    moved = (tmp_path / "old").rename(tmp_path / "new")
    assert make(moved) == made
    python = (moved / ".venv/bin/python3").resolve()
    for link in (moved / ".venv/bin").glob("python*"):
        link.unlink()
        link.symlink_to(python.with_name("removed"))
    assert make(moved) == made
