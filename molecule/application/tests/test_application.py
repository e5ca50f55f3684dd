"""The installed application, as its services use it."""

import re
from pathlib import Path

import pytest
from testinfra.host import Host

APP = "/opt/ml-workshop/app"
ENVIRONMENT = "/opt/ml-workshop/conda/envs/workshop-env"
LOCKS = Path(__file__).parents[3] / "app" / "requirements"


def test_every_user_can_run_the_command(host: Host) -> None:
    with host.sudo("ubuntu"):
        for command in ("ml-workshop", f"{ENVIRONMENT}/bin/ml-workshop", f"{APP}/current/bin/ml-workshop"):
            assert re.match(r"\d+\.\d+\.\d+$", host.check_output("cd / && %s --version", command))


def test_it_runs_from_the_current_release(host: Host) -> None:
    code = "import ml_workshop; print(ml_workshop.__file__)"
    assert host.check_output(f"{ENVIRONMENT}/bin/python -I -c '{code}'") == (
        f"{APP}/current/ml_workshop/__init__.py"
    )
    release = host.file(f"{APP}/current")
    assert release.is_symlink
    assert host.file(release.linked_to).is_directory


def test_rolled_back_release_is_the_first_one_and_both_are_kept(host: Host) -> None:
    assert len(host.file(f"{APP}/releases").listdir()) == 2
    assert sorted(host.file(f"{APP}/wheels").listdir()) == sorted(host.file(f"{APP}/releases").listdir())
    assert "another release" not in host.file(f"{APP}/current/ml_workshop/__init__.py").content_string


def test_missing_files_are_restored(host: Host) -> None:
    assert host.run(f"grep -rl 'another release' {APP}/releases/*/ml_workshop/__init__.py").rc == 0


@pytest.mark.parametrize("path", [f"{APP}/releases", f"{APP}/current/ml_workshop", f"{ENVIRONMENT}/lib"])
def test_only_root_can_write(host: Host, path: str) -> None:
    with host.sudo("ubuntu"):
        assert host.run("test -r %s -a ! -w %s", path, path).rc == 0


def test_byte_code_is_there_for_services_that_cannot_write_it(host: Host) -> None:
    assert host.file(f"{APP}/current/ml_workshop/__pycache__").listdir()


def pins(text: str) -> dict[str, str]:
    """Read `name==version` lines; names as PEP 503 compares them."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_dependencies_are_exactly_the_locked_ones(host: Host) -> None:
    extras = ("serve", "loadtest") if host.backend.get_hostname() == "test-application-a" else ()
    locked = pins("".join((LOCKS / f"{extra}.txt").read_text() for extra in extras))
    listing = host.check_output(f"{ENVIRONMENT}/bin/python -m pip list --format=freeze --exclude pip")
    installed = pins(listing)
    assert installed.pop("ml-workshop")
    assert installed == locked


def test_dependencies_fit_together(host: Host) -> None:
    assert host.check_output(f"{ENVIRONMENT}/bin/python -m pip check") == "No broken requirements found."
