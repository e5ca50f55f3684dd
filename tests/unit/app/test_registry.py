"""Manifests and the directory repository."""

import contextlib
import errno
import json
import math
import multiprocessing
import shutil
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from queue import Empty

import pytest
from ml_workshop.errors import ModelError, OutputError, QualityGateError, RegistryError, RevisionNotFoundError
from ml_workshop.model.manifest import verify_manifest, write_manifest
from ml_workshop.model.revision import model_revision
from ml_workshop.registry.publishing import push
from ml_workshop.registry.pulling import pull_to_models_dir, pull_to_output_dir
from ml_workshop.registry.repository import open_repository
from models import change_seed
from safetensors.numpy import load_file, save_file


@pytest.fixture
def repo(tmp_path: Path) -> str:
    return f"dir://{tmp_path / 'registry'}"


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGE_CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (
        lambda d: damage(d / "model.safetensors"),
        "model.safetensors of .* was changed after publishing",
    ),
    "truncated": (
        lambda d: (d / "vocabulary.txt").write_text("a"),
        "vocabulary.txt of .* was truncated or changed",
    ),
    "missing": (lambda d: (d / "metrics.json").unlink(), "metrics.json of .* is missing"),
    "unexpected": (lambda d: (d / "model.pkl").write_bytes(b"x"), "model.pkl of .* is unexpected"),
    "unexpected folder": (lambda d: (d / "code").mkdir(), "code of .* is unexpected"),
    "no manifest": (lambda d: (d / "manifest.json").unlink(), "no readable manifest.json"),
    "bad manifest": (lambda d: (d / "manifest.json").write_text("{}"), "manifest.json is damaged"),
}


@pytest.mark.parametrize("kind", DAMAGE_CASES)
def test_a_damaged_model_is_refused_and_not_published(
    model: Path, repo: str, tmp_path: Path, kind: str
) -> None:
    damage_model, message = DAMAGE_CASES[kind]
    damage_model(model)
    with pytest.raises(ModelError, match=message):
        verify_manifest(model)
    with pytest.raises(ModelError, match=message):
        push(model, repo)
    assert not (tmp_path / "registry").exists()


@pytest.mark.parametrize(
    ("change", "message"), [("nan", "values that are not finite"), ("golden", "fails golden review 1")]
)
def test_a_model_that_cannot_be_served_is_not_published(
    model: Path, repo: str, tmp_path: Path, change: str, message: str
) -> None:
    if change == "nan":
        tensors = load_file(model / "model.safetensors")
        tensors["bias"][0] = math.nan
        save_file(tensors, model / "model.safetensors")
    else:
        config = json.loads((model / "config.json").read_text())
        config["golden"][0]["prediction"] ^= 1
        (model / "config.json").write_text(json.dumps(config))
    write_manifest(model)
    with pytest.raises(ModelError, match=message):
        push(model, repo)
    assert not (tmp_path / "registry").exists()


def test_a_link_in_a_model_is_refused(model: Path, tmp_path: Path) -> None:
    shutil.move(model / "metrics.json", tmp_path / "elsewhere")
    (model / "metrics.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=r"metrics\.json of .* is not a regular file"):
        verify_manifest(model)


def test_a_manifest_that_leaves_a_file_out_is_refused(model: Path) -> None:
    (model / "metrics.json").unlink()
    write_manifest(model)
    with pytest.raises(ModelError, match=r"does not list metrics\.json"):
        verify_manifest(model)


def test_a_pulled_model_is_the_pushed_one(model: Path, repo: str, tmp_path: Path) -> None:
    revision = push(model, repo)
    pulled, path = pull_to_models_dir(repo, "latest", tmp_path / "models")
    assert (pulled, path) == (revision, tmp_path / "models" / revision)
    assert model_revision(path) == revision
    for file in model.iterdir():
        assert (path / file.name).read_bytes() == file.read_bytes()


def test_publishing_the_same_model_again_changes_nothing(model: Path, repo: str, tmp_path: Path) -> None:
    first = push(model, repo)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "registry").rglob("*")}
    assert push(model, repo) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "registry").rglob("*")} == files


def test_latest_is_the_last_push_and_older_revisions_stay(model: Path, repo: str, tmp_path: Path) -> None:
    first = push(model, repo)
    second = push(change_seed(model, 1), repo)
    repository = open_repository(repo)
    assert first != second
    assert repository.resolve("latest") == second
    assert pull_to_models_dir(repo, first, tmp_path / "models")[0] == first


@pytest.mark.parametrize("revision", ["nope", "main", "0" * 40, "../../etc", "", "latest/"])
def test_a_wrong_revision_is_refused_and_the_latest_named(
    model: Path, repo: str, tmp_path: Path, revision: str
) -> None:
    latest = push(model, repo)
    with pytest.raises(RevisionNotFoundError, match=f"has no revision {revision}; the latest is {latest}"):
        pull_to_models_dir(repo, revision, tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_an_empty_repository_is_an_error(repo: str) -> None:
    with pytest.raises(RevisionNotFoundError, match="is empty: train and push a model first"):
        open_repository(repo).resolve("latest")


@pytest.mark.parametrize(
    "address", ["", "model", "s3://bucket", "dir://relative/path", "hf://no-user", "hf://a/b/c"]
)
def test_an_invalid_repository_address_is_refused(address: str) -> None:
    with pytest.raises(RegistryError):
        open_repository(address)


@pytest.mark.parametrize("kind", DAMAGE_CASES)
def test_a_revision_changed_after_publishing_is_refused_and_the_local_copy_stays(
    model: Path, repo: str, tmp_path: Path, kind: str
) -> None:
    good = push(model, repo)
    kept = pull_to_output_dir(repo, good, tmp_path / "serving")[1]
    bad = push(change_seed(model, 2), repo)
    DAMAGE_CASES[kind][0](tmp_path / "registry" / "revisions" / bad)
    with pytest.raises(ModelError):
        pull_to_output_dir(repo, "latest", tmp_path / "serving")
    assert model_revision(kept) == good
    verify_manifest(kept)
    with pytest.raises(ModelError):
        pull_to_models_dir(repo, "latest", tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_file_and_its_manifest_changed_together_are_refused(model: Path, repo: str, tmp_path: Path) -> None:
    revision = push(model, repo)
    published = tmp_path / "registry" / "revisions" / revision
    damage(published / "model.safetensors")
    write_manifest(published)
    with pytest.raises(ModelError, match=r"manifest\.json of revision .* was changed after publishing"):
        pull_to_models_dir(repo, revision, tmp_path / "models")


def test_a_pulled_model_that_was_damaged_on_disk_is_repaired(model: Path, repo: str, tmp_path: Path) -> None:
    revision = push(model, repo)
    path = pull_to_models_dir(repo, revision, tmp_path / "models")[1]
    damage(path / "model.safetensors")
    pull_to_models_dir(repo, revision, tmp_path / "models")
    verify_manifest(path)


def test_a_pull_of_a_model_on_disk_changes_nothing(model: Path, repo: str, tmp_path: Path) -> None:
    path = pull_to_models_dir(repo, push(model, repo), tmp_path / "models")[1]
    before = path.stat().st_ino
    pull_to_models_dir(repo, "latest", tmp_path / "models")
    assert path.stat().st_ino == before


def test_a_pull_does_not_replace_a_directory_that_is_not_a_model(
    model: Path, repo: str, tmp_path: Path
) -> None:
    push(model, repo)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "notes.txt").write_text("text")
    with pytest.raises(OutputError, match="was not made by this command"):
        pull_to_output_dir(repo, "latest", tmp_path / "home")
    assert (tmp_path / "home" / "notes.txt").exists()


def test_a_failed_copy_is_an_error_with_the_file_or_directory(
    model: Path, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = push(model, repo)

    def cannot_read(source: Path, into: Path) -> None:
        raise OSError(errno.EACCES, "Permission denied", str(source))

    def cannot_write(source: Path, into: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(source), None, str(into))

    monkeypatch.setattr("shutil.copy2", cannot_read)
    with pytest.raises(
        RegistryError, match=rf"/revisions/{revision}/[\w.]+ cannot be read: Permission denied\.$"
    ):
        pull_to_models_dir(repo, revision, tmp_path / "models")
    monkeypatch.setattr("shutil.copy2", cannot_write)
    full = f"^{tmp_path}/models/{revision} cannot be written: No space left on device: free space there.$"
    with pytest.raises(OutputError, match=full):
        pull_to_models_dir(repo, revision, tmp_path / "models")


def test_a_model_below_the_threshold_is_not_published(model: Path, repo: str, tmp_path: Path) -> None:
    accuracy = json.loads((model / "metrics.json").read_text())["accuracy"]
    with pytest.raises(QualityGateError, match=f"accuracy {accuracy:.4f} is below"):
        push(model, repo, min_accuracy=accuracy + 0.001)
    assert not (tmp_path / "registry").exists()
    push(model, repo, min_accuracy=accuracy)


def _push_many(model: Path, repo: str, seeds: list[int], start: Barrier) -> None:
    for seed in seeds:
        change_seed(model, seed)
        start.wait(20)
        push(model, repo)


def _pull_until(done: Event, repo: str, models: Path, pulled: "Queue[str]") -> None:
    """Pull the latest over and over; a reader must never see half a model."""
    while True:
        last_round = done.is_set()
        with contextlib.suppress(RevisionNotFoundError):  # before the first publication
            revision, path = pull_to_output_dir(repo, "latest", models)
            verify_manifest(path)
            assert model_revision(path) == revision
            pulled.put(revision)
        if last_round:
            return


def test_concurrent_writers_lose_nothing_and_readers_see_whole_models(
    model: Path, repo: str, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("fork")
    start, done, pulled = context.Barrier(2), context.Event(), context.Queue()
    copies = [Path(shutil.copytree(model, tmp_path / f"writer{number}")) for number in range(2)]
    # The same content at the same moment, then each its own.
    seeds = [[*range(10), 20, 21], [*range(10), 30, 31]]
    writers = [
        context.Process(target=_push_many, args=(copy, repo, writer_seeds, start), daemon=True)
        for copy, writer_seeds in zip(copies, seeds, strict=True)
    ]
    reader = context.Process(target=_pull_until, args=(done, repo, tmp_path / "read", pulled), daemon=True)
    for process in (reader, *writers):
        process.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    done.set()
    read = [pulled.get(timeout=20)]
    while reader.is_alive() or not pulled.empty():
        with contextlib.suppress(Empty):
            read.append(pulled.get(timeout=0.1))
    assert reader.exitcode == 0
    revisions = {path.name for path in (tmp_path / "registry" / "revisions").iterdir()}
    assert len(revisions) == 14  # ten of both, two of each
    for revision in revisions:
        assert pull_to_models_dir(repo, revision, tmp_path / "models")[0] == revision
    latest = open_repository(repo).resolve("latest")
    assert set(read) <= revisions
    assert len(set(read)) > 1, "the reader came too late to see anything change"
    assert read[-1] == latest
    assert not list((tmp_path / "registry" / "revisions").glob(".*")), "writers left partial directories"


def test_leftovers_of_a_killed_writer_are_no_revision_and_are_removed(
    model: Path, repo: str, tmp_path: Path
) -> None:
    revision = push(model, repo)
    left = tmp_path / "registry" / "revisions" / f".{'a' * 40}.partial-killed"
    left.mkdir()
    (left / "model.safetensors").write_text("half")
    assert open_repository(repo).resolve("latest") == revision
    with pytest.raises(RevisionNotFoundError):
        open_repository(repo).resolve(left.name)
    push(change_seed(model, 1), repo)
    assert not left.exists()
