"""An archive of images says what it holds; one that is none is refused with a clause for a sentence."""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles" / "grafana" / "files" / "list_images.py"


def archive(path: Path, name: str, content: bytes, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return path


def list_images(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAM, path], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_images_are_listed(tmp_path: Path, mode: str) -> None:
    manifest = json.dumps([{"RepoTags": ["grafana/grafana:12.3.1"]}, {"RepoTags": None}]).encode()
    said = list_images(archive(tmp_path / "images.tar", "manifest.json", manifest, mode))
    assert json.loads(said.stdout) == ["grafana/grafana:12.3.1"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("manifest.json", b"not JSON", "is not an image archive"),
        ("manifest.json", b'{"RepoTags": []}', "is not an image archive"),
        ("other.json", b"[]", "is not an image archive (\"filename 'manifest.json' not found\")"),
    ],
)
def test_another_archive_is_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    said = list_images(archive(tmp_path / "images.tar", name, content))
    assert said.returncode == 1
    assert said.stderr.startswith(reason)
    assert said.stderr.count("\n") == 1


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images.tar").write_text("hello")
    said = list_images(tmp_path / "images.tar")
    assert said.stderr == "is not an image archive (not a tar file, or a broken one)\n"


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "images.tar", "manifest.json", b"[" + b" " * 5000 + b"]")
    path.write_bytes(path.read_bytes()[:2000])
    assert list_images(path).stderr.startswith("is not an image archive")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    said = list_images(tmp_path / "images.tar")
    assert said.stderr == "cannot be read (No such file or directory)\n"
