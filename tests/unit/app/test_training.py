"""Training end to end on the sample, and on data of other shapes."""

import contextlib
import json
import logging
import os
import pty
import random
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from in_memory import Dataset, load_dataset
from ml_workshop.atomic import new_directory
from ml_workshop.data.dataset import Split
from ml_workshop.errors import DataError, MlWorkshopError, OutputError
from ml_workshop.model.artifact import read_artifact
from ml_workshop.model.manifest import verify_manifest
from ml_workshop.model.predictor import Predictor
from ml_workshop.processes import Forked
from ml_workshop.training.fingerprint import fingerprint
from ml_workshop.training.pipeline import train
from ml_workshop.training.recipe import Recipe

pytestmark = pytest.mark.slow

IMDB = Path(__file__).parents[4] / "shared" / "data" / "imdb"
FAST = Recipe(input_size=2000, hidden_size=8)


def topics(rows: int, weights: tuple[float, ...], seed: int = 0) -> Split:
    """Texts of several topics, which differ in a few words among many common ones."""
    generator = random.Random(seed)  # noqa: S311
    common = [f"word{number}" for number in range(50)]
    labels = generator.choices(range(len(weights)), weights, k=rows)
    texts = [
        " ".join([*generator.choices(common, k=12), f"topic{label}{generator.choice('abc')}"])
        for label in labels
    ]
    return Split(texts, labels)


def test_metrics_of_the_sample(trained: Path) -> None:
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["n"] == 200
    assert metrics["accuracy"] > 0.85
    assert np.sum(metrics["confusion_matrix"]) == 200
    assert metrics["validation"]["curve"][-1]["epoch"] == Recipe().epochs
    assert metrics["calibration"]["expected_calibration_error"] < 0.15
    verify_manifest(trained)


def test_the_directory_holds_no_pickle_and_no_row_of_the_data(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert names == {
        "README.md", "config.json", "manifest.json", "metrics.json", "model.safetensors", "report.html",
        "report.png", "vocabulary.txt",
    }  # fmt: skip
    texts = load_dataset("sample").train.texts
    for golden in json.loads((trained / "config.json").read_text())["golden"]:
        assert not any(golden["text"] in text for text in texts)


def test_golden_reviews_are_classified_right(trained: Path) -> None:
    config = read_artifact(trained).config
    assert [golden.prediction for golden in config.golden] == [0, 1]
    assert all(golden.probability > 0.9 for golden in config.golden)


def test_the_same_seed_gives_the_same_model_and_another_seed_another(tmp_path: Path) -> None:
    dataset = load_dataset("sample")
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(dataset, replace(FAST, seed=seed), tmp_path / name)
    weights = {name: (tmp_path / name / "model.safetensors").read_bytes() for name in "abc"}
    assert weights["a"] == weights["b"] != weights["c"]
    assert (tmp_path / "a" / "vocabulary.txt").read_text() == (tmp_path / "b" / "vocabulary.txt").read_text()


def test_training_on_rows_sorted_by_class(tmp_path: Path) -> None:
    dataset = load_dataset("sample")
    order = sorted(range(len(dataset.train)), key=lambda row: dataset.train.labels[row])
    ordered = Split([dataset.train.texts[row] for row in order], [dataset.train.labels[row] for row in order])
    metrics = train(replace(dataset, train=ordered), FAST, tmp_path / "model")
    assert metrics["accuracy"] > 0.85


def test_training_on_unbalanced_classes(tmp_path: Path) -> None:
    names = ["art", "science", "sport"]
    weights = (0.8, 0.15, 0.05)
    dataset = Dataset("topics", "made up", names, topics(1500, weights), topics(300, weights, seed=1))
    metrics = train(dataset, Recipe(epochs=3), tmp_path / "model")
    assert metrics["accuracy"] > 0.97
    assert metrics["f1"] > 0.9
    assert np.array(metrics["confusion_matrix"]).shape == (3, 3)
    assert Predictor.load(tmp_path / "model").predict("word1 topic2a word3").label == "sport"


@pytest.mark.parametrize(
    "texts",
    [
        ["очень хороший фильм", "ужасно скучный фильм", "прекрасный фильм", "плохой и скучный"],
        ["这部电影很好看", "这部电影很无聊", "好看的电影", "太无聊了"],
        ["très émouvant, génial", "très ennuyeux", "un film génial", "nul et ennuyeux"],
        ["😍 film 😍", "🤮 film", "what a film 😍", "film? 🤮🤮"],
    ],
    ids=["cyrillic", "chinese", "accents", "emoji"],
)
def test_training_on_other_scripts(tmp_path: Path, texts: list[str]) -> None:
    rows = Split(texts * 50, [1, 0, 1, 0] * 50)
    metrics = train(
        Dataset("films", "made up", ["negative", "positive"], rows, rows), FAST, tmp_path / "model"
    )
    assert metrics["accuracy"] == 1.0


def test_training_on_four_rows(tmp_path: Path) -> None:
    rows = Split(["a good film", "good", "a bad film", "bad"], [1, 1, 0, 0])
    metrics = train(Dataset("tiny", "made up", ["-", "+"], rows, rows), FAST, tmp_path / "model")
    assert metrics["accuracy"] == 1.0


def test_training_on_a_very_long_text(tmp_path: Path) -> None:
    book = "It was a good film, and then it was bad. " * 50_000
    rows = Split([book, "good", "bad", "bad"], [1, 1, 0, 0])
    metrics = train(Dataset("book", "made up", ["-", "+"], rows, rows), FAST, tmp_path / "model")
    assert metrics["n"] == 4


def test_duplicates_are_counted_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train_rows, test_rows = topics(300, (0.5, 0.5)), topics(30, (0.5, 0.5), seed=1)
    leaking = Dataset(
        "leak",
        "made up",
        ["a", "b"],
        Split([*train_rows.texts, *train_rows.texts[:20]], [*train_rows.labels, *train_rows.labels[:20]]),
        Split([*test_rows.texts, *train_rows.texts[:5]], [*test_rows.labels, *train_rows.labels[:5]]),
    )
    with caplog.at_level(logging.INFO, logger="ml_workshop"):
        metrics = train(leaking, FAST, tmp_path / "model")
    assert metrics["duplicates"] == {"train": 20, "test_in_train": 5}
    assert (
        "leak: 5 of 35 test texts are also training texts; they are measured like the others" in caplog.text
    )
    assert "(5 of their texts are also training texts)" in (tmp_path / "model" / "README.md").read_text()


def test_a_class_without_test_rows_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train_rows = topics(300, (0.4, 0.4, 0.2))
    test_rows = topics(30, (0.5, 0.5), seed=1)
    dataset = Dataset("gap", "made up", ["a", "b", "c"], train_rows, test_rows)
    with caplog.at_level(logging.INFO, logger="ml_workshop"):
        metrics = train(dataset, FAST, tmp_path / "model")
    assert "gap: no test row has the class c, so nothing is known about it" in caplog.text
    assert metrics["confusion_matrix"][2] == [0, 0, 0]


def test_the_number_of_cores_does_not_change_the_model(tmp_path: Path) -> None:
    dataset = load_dataset("sample")
    all_cores = os.sched_getaffinity(0)
    train(dataset, FAST, tmp_path / "all")
    try:
        os.sched_setaffinity(0, {min(all_cores)})
        train(dataset, FAST, tmp_path / "one")
    finally:
        os.sched_setaffinity(0, all_cores)
    for name in ("model.safetensors", "vocabulary.txt", "report.png"):
        assert (tmp_path / "all" / name).read_bytes() == (tmp_path / "one" / name).read_bytes(), name


def test_the_baseline_is_that_of_the_test_rows(trained: Path) -> None:
    baseline = json.loads((trained / "metrics.json").read_text())["baseline"]
    predictor, rows = Predictor.load(trained), load_dataset("sample").test
    predictions = [predictor.predict(text) for text in rows.texts]
    assert baseline["confidence"] == pytest.approx(
        np.mean([its.probability for its in predictions]), rel=1e-5
    )
    assert baseline["tokens"] == pytest.approx(np.mean([its.tokens for its in predictions]))
    unknown = np.mean([its.unknown_tokens / its.tokens for its in predictions])
    assert baseline["out_of_vocabulary_ratio"] == pytest.approx(unknown)
    positive = np.mean([its.prediction for its in predictions])
    assert baseline["class_share"] == pytest.approx({"negative": 1 - positive, "positive": positive})


def test_the_report_is_one_page_with_pictures_and_without_rows_of_the_data(trained: Path) -> None:
    page = (trained / "report.html").read_text()
    assert page.count("<svg") == 7  # top n-grams: one for each class
    assert not re.search(r"<(script|link|img|iframe)\b|@import|url\((?!#)", page)
    for word in ("negative", "positive", "Confusion", "Calibration", "prefers-color-scheme: dark"):
        assert word in page
    metrics = json.loads((trained / "metrics.json").read_text())
    assert f"{metrics['accuracy']:.2%}" in page
    dataset = load_dataset("sample")
    assert not any(text[:60] in page for text in (*dataset.train.texts, *dataset.test.texts))
    assert (trained / "report.png").read_bytes().startswith(b"\x89PNG")
    assert "(report.png)" in (trained / "README.md").read_text()


def test_texts_that_share_no_word_are_refused(tmp_path: Path) -> None:
    rows = Split(["one", "two", "three", "@"], [0, 0, 1, 1])
    with pytest.raises(DataError, match="give more texts, or longer ones"):
        train(Dataset("few", "made up", ["a", "b"], rows, rows), FAST, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_a_model_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="was not made by this command"):
        train(load_dataset("sample"), FAST, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("moment", "sent"),
    [
        ("directory", signal.SIGKILL),
        ("training rows", signal.SIGTERM),
        ("steps begin", signal.SIGKILL),
        ("model.safetensors", signal.SIGKILL),
    ],
)
def test_training_killed_at_any_moment_leaves_the_old_model_and_no_process(
    model: Path, tmp_path: Path, moment: str, sent: signal.Signals
) -> None:
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    epochs = "1000" if moment == "steps begin" else "2"
    arguments = ["train", "--dataset", "sample", "--output-dir", str(model), "--num-train-epochs", epochs]
    journal = tmp_path / "journal"
    with journal.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ml_workshop", *arguments], stderr=log, start_new_session=True
        )

    def has_come() -> bool:
        if moment == "directory":
            return bool(list(tmp_path.glob(".model.partial-*")))
        return moment in journal.read_text() or bool(list(tmp_path.glob(f".model.partial-*/{moment}")))

    while not has_come():
        assert process.poll() is None, journal.read_text()
        time.sleep(0.002)
    process.send_signal(sent)
    assert process.wait() == -sent
    deadline = time.monotonic() + 10
    while session_of(process.pid):
        assert time.monotonic() < deadline, "processes of the training outlive it"
        time.sleep(0.01)
    verify_manifest(model)
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    with new_directory(model, replaces="manifest.json"):  # what the next training does first
        assert len(list(tmp_path.glob(".model.partial-*"))) == 1


def session_of(leader: int) -> list[int]:
    """Processes of the session that `leader` began, without those that have ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, _group, session = stat.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append(int(stat.parent.name))
    return found


def test_a_killed_training_can_be_run_again(model: Path, tmp_path: Path) -> None:
    (tmp_path / ".model.partial-killed").mkdir()
    train(load_dataset("sample"), FAST, model)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_killed_child_process_is_an_error() -> None:
    with pytest.raises(MlWorkshopError, match=r"ended with status -9, most likely for lack of memory"):
        Forked(lambda: os.kill(os.getpid(), signal.SIGKILL)).result()


def test_exceptions_of_child_processes_are_raised() -> None:
    with pytest.raises(ZeroDivisionError), Forked(lambda: 1 // 0) as part:
        part.result()


def test_concurrent_runs_keep_their_directories(tmp_path: Path) -> None:
    with new_directory(tmp_path / "model") as first:
        (first / "file").write_text("first")
        with new_directory(tmp_path / "model") as second:
            (second / "file").write_text("second")
        assert first.exists()
        (tmp_path / "model" / "file").unlink()
    assert (tmp_path / "model" / "file").read_text() == "first"


def test_progress_without_a_terminal_is_plain_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="ml_workshop"):
        train(load_dataset("sample"), FAST, tmp_path / "model")
    assert any("training: " in message and "steps in" in message for message in caplog.messages)
    assert any("test: accuracy" in message for message in caplog.messages)
    assert not any("\r" in message for message in caplog.messages)


def test_progress_on_a_terminal_is_a_bar(tmp_path: Path) -> None:
    ours, its_terminal = pty.openpty()
    termios.tcsetwinsize(its_terminal, (24, 100))
    arguments = ["train", "--dataset=sample", f"--output-dir={tmp_path / 'm'}", "--num-train-epochs=40"]
    with subprocess.Popen(
        [sys.executable, "-m", "ml_workshop", *arguments], stderr=its_terminal, stdout=subprocess.DEVNULL
    ) as process:
        os.close(its_terminal)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal is closed when the process ends
            while part := os.read(ours, 4096):
                shown += part
    os.close(ours)
    assert process.returncode == 0, shown
    assert re.search(rb"\r[^\n]*training: +\d+%\|", shown)


def test_the_fingerprint_depends_on_data_recipe_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    base = fingerprint("files:1", Recipe())
    assert fingerprint("files:1", Recipe()) == base
    assert fingerprint("files:2", Recipe()) != base
    assert fingerprint("files:1", Recipe(seed=1)) != base
    monkeypatch.setattr("ml_workshop.training.fingerprint._version", lambda package: "other")
    assert fingerprint("files:1", Recipe()) != base


def test_the_fingerprint_depends_on_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    base = fingerprint("files:1", Recipe())
    read_bytes = Path.read_bytes
    changed = lambda path: read_bytes(path) + (b"#" if path.name == "bags.py" else b"")  # noqa: E731
    monkeypatch.setattr(Path, "read_bytes", changed)
    assert fingerprint("files:1", Recipe()) != base


@pytest.mark.skipif(
    not IMDB.is_dir() or not os.environ.get("TRAIN_ON_IMDB"),
    reason="trains on real reviews for half a minute: needs ../shared/data/imdb and TRAIN_ON_IMDB=1",
)
def test_accuracy_on_real_reviews(tmp_path: Path) -> None:
    assert train(load_dataset(str(IMDB)), Recipe(), tmp_path / "model")["accuracy"] >= 0.924


def test_recipe_of_the_workshop_is_accepted(
    command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    options = [
        "--num-train-epochs=1",
        "--batch-size=16",
        "--input-size=10000",
        "--hidden-size=256",
        "--seed=4",
    ]
    done = command("train", "--dataset", "sample", "--output-dir", tmp_path / "m", *options)
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["hidden_size"] == 256
    assert config["recipe"]["epochs"] == 1
    assert config["recipe"]["batch_size"] == 16


def test_rows_without_labels_are_used_and_reported(tmp_path: Path) -> None:
    weights = (0.5, 0.5)
    dataset = Dataset(
        "topics",
        "made up",
        ["art", "sport"],
        topics(200, weights),
        topics(100, weights, seed=1),
        topics(600, weights, seed=2).texts,
    )
    metrics = train(dataset, replace(FAST, unlabelled=True), tmp_path / "model")
    assert metrics["accuracy"] > 0.95
    assert metrics["training"]["unlabelled_rows"] == 600
    assert metrics["validation"]["curve"][-1]["epoch"] == 1
    for name in ("README.md", "report.html"):
        text = (tmp_path / "model" / name).read_text()
        assert "600, with labels predicted by a network trained on the labelled rows" in text
    assert train(dataset, FAST, tmp_path / "plain")["training"]["unlabelled_rows"] == 0


def test_the_memory_at_a_time_does_not_change_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = load_dataset("sample")
    train(dataset, FAST, tmp_path / "much")
    monkeypatch.setattr("ml_workshop.training.corpus.BLOCK_TOKENS", 3000)
    monkeypatch.setattr("ml_workshop.training.counting.MERGED_VALUES", 100)
    monkeypatch.setattr("ml_workshop.training.counting._SAMPLED", 16)
    monkeypatch.setattr("ml_workshop.data.dataset.CHUNK_ROWS", 70)
    train(dataset, FAST, tmp_path / "little")
    for name in ("model.safetensors", "vocabulary.txt"):
        assert (tmp_path / "much" / name).read_bytes() == (tmp_path / "little" / name).read_bytes(), name


def test_data_that_will_not_fit_is_refused_before_it_is_read(
    command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    arguments = ["train", "--dataset", "sample", "--output-dir", tmp_path / "m", "--memory-max"]
    done = command(*arguments, "600M")
    assert done.returncode == 1
    assert (
        "Training on 600 texts needs about 0.7 GB of memory; --memory-max (trainer_memory_max) is 0.6 GB"
        in (done.stderr)
    )
    assert "tokens in" not in done.stderr
    assert "neither a size" in command(*arguments, "2 apples").stderr
    assert not list(tmp_path.glob("*m*"))
