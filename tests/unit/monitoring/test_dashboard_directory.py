"""list_dashboards.py validates a directory of dashboards on the controller."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "roles" / "grafana" / "files" / "list_dashboards.py"


def list_dashboards(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAM, directory], capture_output=True, text=True, check=False)


def test_uids_of_our_dashboards_are_listed() -> None:
    assert (
        json.loads(list_dashboards(ROOT / "monitoring" / "dashboards").stdout)["inference.json"]
        == "inference"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "has two.json, which is not JSON"),
        ("[]", "has two.json, which lacks a uid or a title"),
        ('{"title": "Two"}', "has two.json, which lacks a uid or a title"),
        ('{"uid": "one", "title": "Two"}', "has two.json, whose uid one is another one's too"),
    ],
)
def test_invalid_dashboards_are_named(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "one.json").write_text('{"uid": "one", "title": "One"}')
    (tmp_path / "two.json").write_text(text)
    result = list_dashboards(tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(reason)


def test_empty_or_missing_directory_is_an_error(tmp_path: Path) -> None:
    assert list_dashboards(tmp_path).stderr == "has no dashboard (*.json)\n"
    assert list_dashboards(tmp_path / "missing").stderr == "has no dashboard (*.json)\n"
