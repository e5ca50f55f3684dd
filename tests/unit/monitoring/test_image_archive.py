"""list_images.py lists the images of an archive or explains why it cannot."""

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
    result = list_images(archive(tmp_path / "images.tar", "manifest.json", manifest, mode))
    assert json.loads(result.stdout) == ["grafana/grafana:12.3.1"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("manifest.json", b"not JSON", "is not an image archive"),
        ("manifest.json", b'{"RepoTags": []}', "is not an image archive"),
        ("other.json", b"[]", "is not an image archive (\"filename 'manifest.json' not found\")"),
    ],
)
def test_archive_without_a_manifest_is_an_error(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    result = list_images(archive(tmp_path / "images.tar", name, content))
    assert result.returncode == 1
    assert result.stderr.startswith(reason)
    assert result.stderr.count("\n") == 1


def test_file_that_is_no_archive_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "images.tar").write_text("hello")
    result = list_images(tmp_path / "images.tar")
    assert result.stderr == "is not an image archive (not a tar file, or a broken one)\n"


def test_truncated_archive_is_an_error(tmp_path: Path) -> None:
    path = archive(tmp_path / "images.tar", "manifest.json", b"[" + b" " * 5000 + b"]")
    path.write_bytes(path.read_bytes()[:2000])
    assert list_images(path).stderr.startswith("is not an image archive")


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    result = list_images(tmp_path / "images.tar")
    assert result.stderr == "cannot be read (No such file or directory)\n"
