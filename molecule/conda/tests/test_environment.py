"""The environment works for users, pip and conda."""

import json

import pytest
from testinfra.host import Host

ENVIRONMENT = "/opt/ml-workshop/conda/envs/workshop-env"
PYTHON = f"{ENVIRONMENT}/bin/python"


@pytest.mark.parametrize("module", ["ssl", "sqlite3", "ctypes", "lzma", "bz2", "zoneinfo", "venv"])
def test_standard_library_is_whole(host: Host, module: str) -> None:
    assert host.run("%s -I -c %s", PYTHON, f"import {module}").rc == 0


def test_everything_installs_into_the_environment(host: Host) -> None:
    code = "import json, sysconfig; print(json.dumps(sysconfig.get_paths()))"
    paths = json.loads(host.check_output("%s -I -c %s", PYTHON, code))
    assert all(path.startswith(ENVIRONMENT) for path in paths.values()), paths


def test_virtual_environment_can_be_made_of_it(host: Host) -> None:
    made = host.run(f"{PYTHON} -m venv /tmp/of-conda && /tmp/of-conda/bin/python -m pip --version")
    assert made.rc == 0, made.stderr
    assert "/tmp/of-conda/lib" in made.stdout  # noqa: S108


def test_records_are_readable_by_all_and_writable_by_root_only(host: Host) -> None:
    records = host.check_output(f"stat -c '%U %a' {ENVIRONMENT}/conda-meta/*.json").splitlines()
    assert set(records) == {"root 644"}


# A login shell (SSH), an interactive shell, and a login shell of a script.
@pytest.mark.parametrize("shell", ["bash -lc", "bash -ic", "sh -lc"])
def test_conda_activate_works_in_a_shell(host: Host, shell: str) -> None:
    with host.sudo("ubuntu"):
        activated = host.run(f"{shell} 'conda activate workshop-env && command -v python'")
    assert activated.stdout.strip() == PYTHON, activated.stderr


def test_conda_finds_the_environment(host: Host) -> None:
    assert host.file(f"{ENVIRONMENT}/conda-meta/history").exists
    configuration = host.file("/etc/conda/.condarc").content_string
    assert "envs_dirs:\n  - /opt/ml-workshop/conda/envs\n" in configuration


def test_rejected_runs_leave_nothing(host: Host) -> None:
    assert host.check_output("ls -A /opt/ml-workshop/conda/envs").split() == ["locked", "workshop-env"]
    assert not host.file("/mnt/small/conda/envs/workshop-env").exists
