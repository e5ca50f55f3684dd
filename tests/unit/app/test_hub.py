"""The hub: its client over HTTP against fake_hub.py."""

import json
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from ml_workshop.model.manifest import write_manifest

pytestmark = pytest.mark.slow

Hub = Callable[..., CompletedProcess[str]]
REPO = "hf://made-up/model"
WRITER = {"HF_TOKEN": "hf_writer"}
EXPIRED = {"HF_TOKEN": "hf_expired"}


@pytest.fixture
def at_hub(command: Hub, hub: str) -> Hub:
    """Run `ml-workshop` against the fake."""

    def run(*arguments: object, **environment: str) -> CompletedProcess[str]:
        settings = {"HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
        return command(*arguments, **{**settings, **environment})

    return run


def push(at_hub: Hub, model: Path, repo: str = REPO, *options: object) -> str:
    done = at_hub("push", "--model", model, "--repo", repo, *options, **WRITER)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def requests(hub: str) -> int:
    with urllib.request.urlopen(f"{hub}/_requests") as response:  # noqa: S310
        return int(json.load(response)["requests"])


def error_of(done: CompletedProcess[str]) -> str:
    """Return the error of a failed command: one line on standard error, no traceback."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_push_and_pull(at_hub: Hub, trained: Path, tmp_path: Path) -> None:
    revision = push(at_hub, trained)
    assert len(revision) == 40
    assert push(at_hub, trained) == revision, "the same content is the same revision"
    assert at_hub("resolve", "--repo", REPO).stdout.strip() == revision
    done = at_hub("pull", "--repo", REPO, "--models-dir", tmp_path / "models")
    path = tmp_path / "models" / revision
    assert json.loads(done.stdout) == {"revision": revision, "path": str(path)}
    assert {file.name for file in path.iterdir()} - {file.name for file in trained.iterdir()} == {
        ".origin.json"
    }
    assert (path / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()


def test_a_pinned_revision_on_disk_needs_no_request(
    at_hub: Hub, hub: str, trained: Path, tmp_path: Path
) -> None:
    pull = ("pull", "--repo", REPO, "--revision", push(at_hub, trained), "--models-dir", tmp_path / "models")
    assert at_hub(*pull).returncode == 0
    before = requests(hub)
    assert at_hub(*pull).returncode == 0
    assert requests(hub) == before
    assert at_hub(*pull, HF_ENDPOINT="http://127.0.0.1:9").returncode == 0


def test_a_new_push_replaces_all_files_of_the_old(at_hub: Hub, model: Path, tmp_path: Path) -> None:
    repo = "hf://made-up/replaced"
    (model / "notes.txt").write_text("only in the first")
    write_manifest(model)
    first = push(at_hub, model, repo)
    (model / "notes.txt").unlink()
    (model / "README.md").write_text("---\n{}\n---\nanother card")
    write_manifest(model)
    second = push(at_hub, model, repo)
    assert first != second
    for revision in (first, second):
        done = at_hub("pull", "--repo", repo, "--revision", revision, "--models-dir", tmp_path / "models")
        assert done.returncode == 0, done.stderr
    assert "another card" in (tmp_path / "models" / second / "README.md").read_text()


def edit_on_the_hub(at_hub: Hub, hub: str, model: Path, file: str, *options: object) -> str:
    """Push a model, then commit other content of a file."""
    repo = f"made-up/edited-{file.replace('.', '-')}"
    push(at_hub, model, f"hf://{repo}", *options)
    lines = [
        {"key": "header", "value": {"summary": "tamper"}},
        {"key": "file", "value": {"path": file, "content": "ZXZpbA==", "encoding": "base64"}},
    ]
    request = urllib.request.Request(  # noqa: S310
        f"{hub}/api/models/{repo}/commit/main",
        "\n".join(map(json.dumps, lines)).encode(),
        {"Authorization": "Bearer hf_writer"},
    )
    urllib.request.urlopen(request).close()  # noqa: S310
    return f"hf://{repo}"


def test_a_loaded_file_that_changed_on_the_hub_is_refused(
    at_hub: Hub, hub: str, trained: Path, tmp_path: Path
) -> None:
    repo = edit_on_the_hub(at_hub, hub, trained, "vocabulary.txt")
    done = at_hub("pull", "--repo", repo, "--models-dir", tmp_path / "models")
    assert re.search("vocabulary.txt of .* was truncated or changed", error_of(done))
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("file", ["README.md", "LICENSE", "model.pkl"])
def test_files_that_are_not_loaded_may_change_on_the_hub(
    at_hub: Hub, hub: str, trained: Path, tmp_path: Path, file: str
) -> None:
    repo = edit_on_the_hub(at_hub, hub, trained, file)
    done = at_hub("pull", "--repo", repo, "--output-dir", tmp_path / "model")
    assert done.returncode == 0, done.stderr
    pulled = {path.name for path in (tmp_path / "model").iterdir()} - {".origin.json"}
    assert pulled == {path.name for path in trained.iterdir()}, "foreign files are not fetched"


def test_signed_models(at_hub: Hub, hub: str, model: Path, tmp_path: Path, keys: Path) -> None:
    verify = ("--models-dir", tmp_path / "models", "--verify-key", keys / "model.pub")
    repo = edit_on_the_hub(at_hub, hub, model, "README.md", "--signing-key", keys / "model.key")
    done = at_hub("pull", "--repo", repo, *verify)
    assert done.returncode == 0, done.stderr
    before = list((tmp_path / "models").iterdir())

    push(at_hub, model, repo, "--signing-key", keys / "other.key")
    assert "signed with another key" in error_of(at_hub("pull", "--repo", repo, *verify))
    (model / "model.sig").unlink()
    push(at_hub, model, repo)
    assert "is not signed" in error_of(at_hub("pull", "--repo", repo, *verify))
    assert list((tmp_path / "models").iterdir()) == before


def test_pushing_needs_a_token(at_hub: Hub, trained: Path) -> None:
    done = at_hub("push", "--model", trained, "--repo", REPO)
    assert "needs a token: set HF_TOKEN" in error_of(done)


def test_a_refused_token_is_named_and_not_shown(at_hub: Hub, trained: Path) -> None:
    done = at_hub("push", "--model", trained, "--repo", REPO, **EXPIRED)
    assert "The hub refused the token" in error_of(done)
    assert "hf_expired" not in done.stderr


@pytest.mark.parametrize("where", ["HF_TOKEN_PATH", "CREDENTIALS_DIRECTORY"])
def test_the_token_may_be_in_a_file(at_hub: Hub, trained: Path, tmp_path: Path, where: str) -> None:
    (tmp_path / "hub_token").write_text("hf_writer\n")
    value = str(tmp_path / "hub_token" if where == "HF_TOKEN_PATH" else tmp_path)
    done = at_hub("push", "--model", trained, "--repo", REPO, **{where: value})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--repo", "hf://made-up/nothing"), "does not exist or is private"),
        (("--repo", REPO, "--revision", "v9"), "has no revision v9"),
        (("--repo", REPO, "--revision", "0" * 40), f"has no revision {'0' * 40}"),
    ],
)
def test_missing_repositories_and_revisions(
    at_hub: Hub, trained: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    push(at_hub, trained)
    assert message in error_of(at_hub("pull", *options, "--models-dir", tmp_path / "models"))


def test_a_hub_that_does_not_answer(at_hub: Hub, tmp_path: Path) -> None:
    done = at_hub("pull", "--repo", REPO, "--output-dir", tmp_path / "m", HF_ENDPOINT="http://127.0.0.1:9")
    assert "cannot be reached" in error_of(done)
    done = at_hub("pull", "--repo", REPO, "--output-dir", tmp_path / "m", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in error_of(done)


def test_a_data_set_of_the_hub_is_trained_on(at_hub: Hub, tmp_path: Path) -> None:
    done = at_hub("train", "--dataset", "made-up/reviews", "--output-dir", tmp_path / "model")
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["dataset"] == "made-up/reviews"
    result = json.loads(at_hub("fingerprint", "--dataset", "made-up/reviews").stdout)
    assert config["fingerprint"] == result["fingerprint"]
    assert result["dataset"].startswith("hub:made-up/reviews@")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--dataset", "made-up/nothing"), "neither a directory here nor a public data set of the hub"),
        (("--dataset", "made-up/reviews", "--dataset-revision", "v9"), "has no revision v9"),
    ],
)
def test_missing_data_sets(at_hub: Hub, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    assert message in error_of(at_hub("train", *options, "--output-dir", tmp_path / "model"))
    assert not (tmp_path / "model").exists()
