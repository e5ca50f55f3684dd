"""Lock files: hashes, agreement with each other, and no index URL."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

APP = Path(__file__).parents[3] / "app"
EXTRAS = ("train", "serve", "loadtest", "signing", "test")


def locked(extra: str) -> dict[str, str]:
    text = (APP / "requirements" / f"{extra}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_requirement_has_a_hash_and_no_line_names_an_index(extra: str) -> None:
    text = (APP / "requirements" / f"{extra}.txt").read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text)
    for block in blocks:
        assert "--hash=sha256:" in block, block.splitlines()[0]
    assert not re.search(r"index-url|find-links|https?://|file:|@ ", text)


def test_the_locks_agree_so_that_all_can_be_installed_together() -> None:
    together: dict[str, str] = {}
    for extra in EXTRAS:
        for name, pinned in locked(extra).items():
            assert together.setdefault(name, pinned) == pinned, name


def test_torch_is_the_cpu_build() -> None:
    assert locked("train")["torch"].endswith("+cpu")
    assert not [name for name in locked("train") if name.startswith(("nvidia", "cuda", "triton"))]
    assert "torch" not in locked("serve")


def test_these_tests_run_on_what_is_locked() -> None:
    for name in ("numpy", "flask", "gunicorn", "uvloop", "huggingface-hub", "torch"):
        assert version(name) == {**locked("train"), **locked("serve")}[name]
