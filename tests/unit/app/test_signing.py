"""Signatures of models in a directory repository; of those on the hub: test_hub.py."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ml_workshop.cli import main
from ml_workshop.errors import ModelError
from ml_workshop.registry.publishing import push
from ml_workshop.registry.pulling import pull_to_models_dir
from models import change_seed


@pytest.fixture
def repo(tmp_path: Path) -> str:
    return f"dir://{tmp_path / 'registry'}"


def test_a_signed_model_is_pulled_and_openssf_verifies_it(
    model: Path, repo: str, tmp_path: Path, keys: Path
) -> None:
    link = tmp_path / "link"  # as in the role trainer
    link.symlink_to(model)
    revision = push(link, repo, signing_key=keys / "model.key")
    pulled, path = pull_to_models_dir(repo, "latest", tmp_path / "models", keys / "model.pub")
    assert pulled == revision
    command = [sys.executable, "-m", "model_signing", "verify", "key", path, "--ignore_unsigned_files"]
    command += ["--signature", path / "model.sig", "--public_key", keys / "model.pub"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


REFUSED: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "unsigned": (lambda model, _: (model / "model.sig").unlink(), "is not signed, but .* is set"),
    "changed": (lambda model, _: change_seed(model, 7), "model.sig of .* cannot be verified"),
    "damaged": (
        lambda model, _: (model / "model.sig").write_text("{}"),
        "model.sig of .* cannot be verified",
    ),
    "link": (
        lambda model, keys: replace_by_link(model / "model.sig", keys),
        "model.sig .*not a regular file",
    ),
}


def replace_by_link(file: Path, target: Path) -> None:
    file.unlink()
    file.symlink_to(target / "model.pub")


@pytest.mark.parametrize("kind", REFUSED)
def test_a_model_without_a_valid_signature_is_refused(
    model: Path, repo: str, tmp_path: Path, keys: Path, kind: str
) -> None:
    revision = push(model, repo, signing_key=keys / "model.key")
    change, message = REFUSED[kind]
    published = tmp_path / "registry" / "revisions" / revision
    change(published, keys)
    if kind == "changed":
        shutil.rmtree(model)
        revision = push(Path(published.rename(model)), repo)
    for name in ("latest", revision):
        with pytest.raises(ModelError, match=message):
            pull_to_models_dir(repo, name, tmp_path / "models", keys / "model.pub")
    assert list((tmp_path / "models").iterdir()) == []
    if kind == "unsigned":
        pull_to_models_dir(repo, "latest", tmp_path / "models")


def test_a_model_signed_with_another_key_is_refused(
    model: Path, repo: str, tmp_path: Path, keys: Path
) -> None:
    push(model, repo, signing_key=keys / "other.key")
    with pytest.raises(ModelError, match="signed with another key"):
        pull_to_models_dir(repo, "latest", tmp_path / "models", keys / "model.pub")


def test_an_edited_model_card_needs_no_new_signature(
    model: Path, repo: str, tmp_path: Path, keys: Path
) -> None:
    revision = push(model, repo, signing_key=keys / "model.key")
    (tmp_path / "registry" / "revisions" / revision / "README.md").write_text("edited")
    _, path = pull_to_models_dir(repo, "latest", tmp_path / "models", keys / "model.pub")
    assert (path / "README.md").read_text() == "edited"


def test_a_published_model_can_be_signed_later(model: Path, repo: str, tmp_path: Path, keys: Path) -> None:
    revision = push(model, repo)
    pull_to_models_dir(repo, revision, tmp_path / "models")
    with pytest.raises(ModelError, match="is not signed"):  # also the copy on disk
        pull_to_models_dir(repo, revision, tmp_path / "models", keys / "model.pub")
    assert push(model, repo, signing_key=keys / "model.key") == revision
    assert pull_to_models_dir(repo, revision, tmp_path / "models", keys / "model.pub")[0] == revision
    shutil.rmtree(tmp_path / "registry")  # the copy needs no repository
    assert pull_to_models_dir(repo, revision, tmp_path / "models", keys / "model.pub")[0] == revision


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("nothing", "No such file or directory"),
        ("model.pub", "it is not a P-256, P-384 or P-521 key in PEM"),
        ("rsa.key", "it is not a P-256, P-384 or P-521 key in PEM"),
    ],
)
def test_a_key_that_cannot_be_used(
    capsys: pytest.CaptureFixture[str],
    model: Path,
    repo: str,
    tmp_path: Path,
    keys: Path,
    key: str,
    reason: str,
) -> None:
    arguments = ["push", "--model", model, "--repo", repo, "--signing-key", keys / key]
    assert main(list(map(str, arguments))) == 1
    error = capsys.readouterr().err
    assert re.fullmatch(f"ml-workshop: .*{key} cannot be used as private key: {reason}; .*\n", error)
    assert not (tmp_path / "registry").exists()
    push(model, repo, signing_key=keys / "model.key")
    key = key.replace("model.pub", "model.key")
    with pytest.raises(ModelError, match=f"{key} cannot be used as public key: {reason}"):
        pull_to_models_dir(repo, "latest", tmp_path / "models", keys / key)


def test_only_keys_need_the_extra_signing(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    model: Path,
    repo: str,
    tmp_path: Path,
    keys: Path,
) -> None:
    monkeypatch.delitem(sys.modules, "ml_workshop.registry.signing", raising=False)
    monkeypatch.setitem(sys.modules, "model_signing", None)
    source = ["--repo", repo]
    commands = (
        ["push", *source, "--model", str(model)],
        ["pull", *source, "--output-dir", str(tmp_path / "pulled")],
    )
    for command, option, extra in zip(
        commands, ("--signing-key", "--verify-key"), ("train", "serve"), strict=True
    ):
        assert main(command) == 0
        assert main([*command, option, str(keys / "model.pub")]) == 1
        assert f"install ml-workshop[{extra},signing]" in capsys.readouterr().err
