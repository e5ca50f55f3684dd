"""The module web_config writes hashes that fit their passwords, and changes nothing without need."""

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..role_module import load_module, run_module

MODULE = load_module("web_config")
LOGINS = {"admin": "correct-horse", "monitoring": "battery-staple"}


@pytest.fixture
def write(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def _write(logins: dict[str, str], check: bool = False, tls_file: str = "") -> dict[str, Any]:
        parameters = {"dest": tmp_path / "web.yml", "logins": logins, "tls_file": tls_file, "mode": "0640"}
        return run_module(MODULE, capsys, check, parameters)

    return _write


def hashes(tmp_path: Path) -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load((tmp_path / "web.yml").read_text())["basic_auth_users"]
    return loaded


def test_each_password_has_a_hash_of_its_own(write, tmp_path: Path) -> None:
    result = write(LOGINS)
    assert result["changed"]
    assert not any(password in str(result) for password in LOGINS.values())
    written = hashes(tmp_path)
    assert set(written) == set(LOGINS)
    for name, password in LOGINS.items():
        assert written[name].startswith("$2b$10$")
        assert MODULE.hash_password(password, written[name].encode()) == written[name]
    assert stat.S_IMODE((tmp_path / "web.yml").stat().st_mode) == 0o640


def test_only_the_hash_of_a_changed_password_changes(write, tmp_path: Path) -> None:
    write(LOGINS)
    before = hashes(tmp_path)
    assert not write(LOGINS)["changed"]
    assert write(LOGINS | {"admin": "another-horse"})["changed"]
    assert hashes(tmp_path)["monitoring"] == before["monitoring"]
    assert hashes(tmp_path)["admin"] != before["admin"]


def test_without_logins_there_is_no_file(write, tmp_path: Path) -> None:
    write(LOGINS)
    assert write({}, check=True)["changed"]
    assert (tmp_path / "web.yml").exists()
    assert write({})["changed"]
    assert not (tmp_path / "web.yml").exists()
    assert not write({})["changed"]


def test_check_mode_writes_nothing(write, tmp_path: Path) -> None:
    assert write(LOGINS, check=True)["changed"]
    assert not (tmp_path / "web.yml").exists()


def test_certificate_and_key_are_one_file(write, tmp_path: Path) -> None:
    tls = {"cert_file": "/etc/tls.pem", "key_file": "/etc/tls.pem"}
    for logins in ({}, LOGINS):
        assert write(logins, tls_file="/etc/tls.pem")["changed"]
        assert not write(logins, tls_file="/etc/tls.pem")["changed"]
        written = yaml.safe_load((tmp_path / "web.yml").read_text())
        assert written["tls_server_config"] == tls
        assert set(written.get("basic_auth_users", [])) == set(logins)
    assert write(LOGINS)["changed"]
    assert "tls" not in (tmp_path / "web.yml").read_text()
