"""The system user and the directories that other roles use."""

import pytest
from testinfra.host import Host

SERVICE_USER = "ml-workshop-test"  # side_effect.yml


def test_system_user_cannot_log_in(host: Host) -> None:
    user = host.user(SERVICE_USER)
    assert user.uid < 1000
    assert user.groups == [SERVICE_USER]
    assert user.shell == "/usr/sbin/nologin"
    assert not host.file(user.home).exists
    assert user.password == "!"  # noqa: S105  (locked)


def test_system_user_has_the_files_of_the_user_of_earlier_releases(host: Host) -> None:
    owners = host.check_output("find /srv/state -printf '%P %u:%g\\n'").splitlines()
    assert sorted(owners) == [
        f" {SERVICE_USER}:{SERVICE_USER}",
        f"link {SERVICE_USER}:{SERVICE_USER}",
        f"old {SERVICE_USER}:{SERVICE_USER}",
        "root root:root",
    ]
    assert host.file("/srv/other").user == "ml-workshop"


@pytest.mark.parametrize("path", ["/opt/ml-workshop", "/var/lib/ml-workshop", "/etc/ml-workshop"])
def test_directories_are_roots(host: Host, path: str) -> None:
    directory = host.file(path)
    assert (directory.is_directory, directory.user, directory.group, directory.mode) == (
        True,
        "root",
        "root",
        0o755,
    )


def test_system_user_can_write_none_of_them(host: Host) -> None:
    with host.sudo(SERVICE_USER):
        for path in ("/opt/ml-workshop", "/var/lib/ml-workshop", "/etc/ml-workshop"):
            assert host.run("test -w %s", path).rc == 1


def test_virtual_environment_can_be_made(host: Host) -> None:
    assert host.run("python3 -m venv /tmp/environment && /tmp/environment/bin/pip --version").rc == 0


def test_clock_of_a_container_is_left_alone(host: Host) -> None:
    assert not host.package("systemd-timesyncd").is_installed
    assert not host.package("chrony").is_installed
