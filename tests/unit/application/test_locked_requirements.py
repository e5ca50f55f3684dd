"""The module locked_requirements, with a real pip and wheels of a few bytes."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.ml_workshop.workshop.plugins.module_utils.application.lock import (
    LockError,
    merge_locks,
    normal_version,
    parse_lock,
)

from .conftest import Run, make_wheel, pin

pytestmark = pytest.mark.slow

HASH = "--hash=sha256:" + "0" * 64


def test_lock_is_its_pins() -> None:
    text = (
        f"# made by uv\nZope.Event==6.2 \\\n    {HASH} \\\n    {HASH}\n    # via gevent\n"
        f"requests[socks]==2.0 {HASH}\n"
    )
    pins = parse_lock("serve", text)
    assert {name: entry.version for name, entry in pins.items()} == {"zope-event": "6.2", "requests": "2.0"}
    assert pins["zope-event"].line == f"Zope.Event==6.2 {HASH} {HASH}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("flask\n", "pins no version: flask"),
        ("flask>=3\n", "pins no version: flask>=3"),
        ("flask==3.1\n", "no hash for flask"),
        (f"tomli==2 ; python_version < '3.11' {HASH}\n", "depends on the interpreter at tomli"),
    ],
)
def test_invalid_lock_is_refused(text: str, reason: str) -> None:
    with pytest.raises(LockError, match=f"the lock serve .*{reason}"):
        parse_lock("serve", text)


def test_locks_must_agree() -> None:
    assert list(merge_locks({"a": f"x==1 {HASH}", "b": f"X==1 {HASH}\ny==2 {HASH}"})) == ["x", "y"]
    with pytest.raises(LockError, match="the locks a and b disagree about x"):
        merge_locks({"a": f"x==1 {HASH}", "b": f"x==2 {HASH}"})


@pytest.mark.parametrize(
    ("one", "other"), [("2026.01.04", "2026.1.4"), ("1.0RC1", "1.0rc1"), ("2.0+CPU", "2.0+cpu")]
)
def test_spellings_of_one_version(one: str, other: str) -> None:
    assert normal_version(one) == normal_version(other)
    assert normal_version("1.10") != normal_version("1.1")


def test_installs_once(run: Run, python: Path, index: Path, site_packages: Path) -> None:
    lock = pin(make_wheel(index, "one", "1.0")) + pin(make_wheel(index, "two", "2.0"))
    checked = run("locked_requirements", check=True, python=python, locks={"serve": lock})
    assert not (site_packages / "one").exists()
    done = run("locked_requirements", python=python, locks={"serve": lock})
    assert checked["changed"]
    assert checked["diff"] == done["diff"]
    assert done["installed"] == ["one 1.0", "two 2.0"]
    shutil.rmtree(index)
    again = run("locked_requirements", python=python, locks={"serve": lock})
    assert not again["changed"], "and pip was not run: its index is gone"


def test_another_version_replaces_the_old(run: Run, python: Path, index: Path, site_packages: Path) -> None:
    run("locked_requirements", python=python, locks={"serve": pin(make_wheel(index, "one", "1.0"))})
    lock = pin(make_wheel(index, "one", "1.1"))
    result = run("locked_requirements", python=python, locks={"serve": lock})
    assert result["diff"]["before"] == "one 1.0\n"
    assert result["diff"]["after"] == "one 1.1\n"
    assert [path.name for path in site_packages.glob("one-*")] == ["one-1.1.dist-info"]


@pytest.mark.parametrize("lost", ["one/__init__.py", "one-1.0.dist-info/RECORD", "../../../bin/one"])
def test_missing_files_are_restored(
    run: Run, python: Path, index: Path, site_packages: Path, lost: str
) -> None:
    lock = pin(make_wheel(index, "one", "1.0", script="one"))
    run("locked_requirements", python=python, locks={"serve": lock})
    (site_packages / lost).unlink()
    assert "one" in run("locked_requirements", check=True, python=python, locks={"serve": lock})["damaged"]
    assert run("locked_requirements", python=python, locks={"serve": lock})["changed"]
    assert (site_packages / lost).exists()
    assert not run("locked_requirements", python=python, locks={"serve": lock})["changed"]


def test_byte_code_may_be_missing(run: Run, python: Path, index: Path, site_packages: Path) -> None:
    lock = pin(make_wheel(index, "one", "1.0"))
    run("locked_requirements", python=python, locks={"serve": lock})
    shutil.rmtree(site_packages / "one/__pycache__")
    assert not run("locked_requirements", python=python, locks={"serve": lock})["changed"]


def test_what_conda_installed_stays(run: Run, python: Path, index: Path, site_packages: Path) -> None:
    lock = pin(make_wheel(index, "one", "1.0"))
    run("locked_requirements", python=python, locks={"serve": lock})
    (site_packages / "one-1.0.dist-info/INSTALLER").write_text("conda\n")
    newer = pin(make_wheel(index, "one", "1.1"))
    result = run("locked_requirements", python=python, locks={"serve": newer})
    assert not result["changed"]
    assert result["left_to_conda"] == ["one 1.0"]
    assert any("one 1.0 is conda's" in str(warning) for warning in result["warnings"])


def test_index_of_its_own(run: Run, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = make_wheel(tmp_path / "extra/one", "one", "1.0")
    (tmp_path / "main").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", f"file://{tmp_path}/main")
    (wheel.parent / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    locks = {"train": pin(wheel)}
    failed = run("locked_requirements", python=python, locks=locks)
    assert "(No matching distribution found for one==1.0)" in failed["msg"]
    extra = f"file://{tmp_path}/extra"
    assert run("locked_requirements", python=python, locks=locks, extra_index_url=extra)["changed"]


def test_another_content_than_the_locked_is_refused(run: Run, python: Path, index: Path) -> None:
    make_wheel(index, "one", "1.0")
    result = run("locked_requirements", python=python, locks={"serve": f"one==1.0 {HASH}\n"})
    assert result["msg"].startswith("The hash of one==1.0 is not the locked one")


def test_no_interpreter(run: Run, tmp_path: Path) -> None:
    locks = {"serve": f"one==1.0 {HASH}\n"}
    missing = tmp_path / "bin/python"
    assert run("locked_requirements", check=True, python=missing, locks=locks)["installed"] == ["one 1.0"]
    assert (
        "does not exist: make an environment"
        in run("locked_requirements", python=missing, locks=locks)["msg"]
    )
    missing.parent.mkdir()
    missing.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    missing.chmod(0o755)
    assert (
        "does not run or has no pip (broken)"
        in run("locked_requirements", python=missing, locks=locks)["msg"]
    )


def test_no_space(run: Run, tmp_path: Path) -> None:
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text(
        f"""#!/bin/sh
case "$*" in *sysconfig*) echo {tmp_path};;
*) echo "ERROR: Could not install: [Errno 28] No space left on device" >&2; exit 1;;
esac
"""
    )
    python.chmod(0o755)
    result = run("locked_requirements", python=python, locks={"serve": f"one==1.0 {HASH}\n"})
    assert result["msg"].startswith("No space left to install Python packages (")
    assert f"MB free at {tmp_path}/bin" in result["msg"]


@pytest.fixture
def strict_umask() -> Iterator[None]:
    """The umask of hosts that follow the CIS benchmark, which sudo keeps."""
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_services_can_read_what_root_installs_with_a_strict_umask(
    run: Run, python: Path, index: Path, site_packages: Path, strict_umask: None
) -> None:
    run("locked_requirements", python=python, locks={"serve": pin(make_wheel(index, "one", "1.0"))})
    assert all(path.stat().st_mode & 0o004 for path in site_packages.glob("one*/*"))
    assert all(path.stat().st_mode & 0o005 == 0o005 for path in site_packages.glob("one*"))


def test_what_only_root_can_read_is_installed_again(
    run: Run, python: Path, index: Path, site_packages: Path
) -> None:
    locks = {"serve": pin(make_wheel(index, "one", "1.0"))}
    run("locked_requirements", python=python, locks=locks)
    (site_packages / "one-1.0.dist-info/METADATA").chmod(0o600)
    assert run("locked_requirements", python=python, locks=locks)["damaged"] == {
        "one": "only root can read it"
    }
    assert not run("locked_requirements", python=python, locks=locks)["changed"]


@pytest.mark.parametrize(
    ("pip", "reason"),
    [
        ("kill -9 $$", "pip was killed by signal 9, as the kernel does when memory runs out)."),
        ("echo 'ERROR: Permission denied.' >&2; exit 1", "(Permission denied)."),
        ("echo 'ERROR: Connection refused' >&2; exit 1", "(Connection refused): see that the host reaches "),
        ("exit 1", "(pip gave no reason)."),
        # A setting of the host, which would have pip refuse the environment of conda.
        ("echo ERROR: REQUIRED=$PIP_REQUIRE_VIRTUALENV >&2; exit 1", "(REQUIRED=0)."),
    ],
)
def test_reason_of_pip_is_reported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip: str, reason: str
) -> None:
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    fake = tmp_path / "bin/python"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\ncase "$*" in *sysconfig*) echo {tmp_path}; exit;; esac\n{pip}\n')
    fake.chmod(0o755)
    assert reason in run("locked_requirements", python=fake, locks={"serve": f"one==1.0 {HASH}\n"})["msg"]
