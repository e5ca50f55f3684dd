"""Training end to end on the sample, and on data of other shapes."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ml_workshop.data.dataset import Dataset, Split
from ml_workshop.data.loading import load_dataset
from ml_workshop.errors import DataError, OutputError
from ml_workshop.model.artifact import read_artifact
from ml_workshop.model.manifest import verify_manifest
from ml_workshop.model.predictor import Predictor
from ml_workshop.training.fingerprint import fingerprint
from ml_workshop.training.network import BagClassifier
from ml_workshop.training.pipeline import train
from ml_workshop.training.recipe import Recipe

IMDB = Path(__file__).parents[4] / "shared" / "data" / "imdb"
FAST = Recipe(input_size=2000, hidden_size=8)


def topics(rows: int, weights: tuple[float, ...], seed: int = 0) -> Split:
    """Texts of several topics, told apart by a few words among many common ones."""
    generator = random.Random(seed)  # noqa: S311
    common = [f"word{number}" for number in range(50)]
    labels = generator.choices(range(len(weights)), weights, k=rows)
    texts = [
        " ".join([*generator.choices(common, k=12), f"topic{label}{generator.choice('abc')}"])
        for label in labels
    ]
    return Split(texts, labels)


def test_the_sample_is_learnt_from_rows_that_were_not_tested(trained: Path) -> None:
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


def test_golden_reviews_are_recognised_as_the_class_they_were_made_for(trained: Path) -> None:
    config = read_artifact(trained).config
    assert [golden.prediction for golden in config.golden] == [0, 1]
    assert all(golden.probability > 0.9 for golden in config.golden)


def test_served_predictions_are_those_of_the_pytorch_network(trained: Path) -> None:
    artifact, predictor = read_artifact(trained), Predictor.load(trained)
    network = BagClassifier(artifact.config.input_size, artifact.config.hidden_size, 2, dropout=0.5).eval()
    network.load_state_dict(
        {
            "embedding.weight": torch.tensor(artifact.embedding),
            "bias": torch.tensor(artifact.bias),
            "output.weight": torch.tensor(artifact.output_weight),
            "output.bias": torch.tensor(artifact.output_bias),
        }
    )
    dataset = load_dataset("sample")
    texts = [*dataset.train.texts, *dataset.test.texts, *(t[::-1] for t in dataset.test.texts), "", "xyzzy"]
    assert len(texts) >= 1000
    worst = 0.0
    for text in texts:
        ids = predictor.vocabulary.token_ids(text)
        features = torch.tensor(predictor.vocabulary.features(ids))
        weights = torch.tensor(artifact.weights)[features]
        values = weights / weights.norm().clamp_min(1e-12)
        with torch.inference_mode():
            expected = network(features, values, torch.tensor([0, len(features)]))[0].softmax(0)
        worst = max(worst, abs(predictor.predict(text).probability - float(expected.max())))
    assert worst < 1e-5


def test_the_same_seed_gives_the_same_model_and_another_seed_another(tmp_path: Path) -> None:
    dataset = load_dataset("sample")
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(dataset, replace(FAST, seed=seed), tmp_path / name)
    weights = {name: (tmp_path / name / "model.safetensors").read_bytes() for name in "abc"}
    assert weights["a"] == weights["b"] != weights["c"]
    assert (tmp_path / "a" / "vocabulary.txt").read_text() == (tmp_path / "b" / "vocabulary.txt").read_text()


def test_the_order_of_rows_does_not_decide(tmp_path: Path) -> None:
    dataset = load_dataset("sample")
    order = sorted(range(len(dataset.train)), key=lambda row: dataset.train.labels[row])
    ordered = Split([dataset.train.texts[row] for row in order], [dataset.train.labels[row] for row in order])
    metrics = train(replace(dataset, train=ordered), FAST, tmp_path / "model")
    assert metrics["accuracy"] > 0.85


def test_several_unbalanced_classes_are_learnt(tmp_path: Path) -> None:
    names = ["art", "science", "sport"]
    weights = (0.8, 0.15, 0.05)
    dataset = Dataset("topics", "made up", names, topics(1500, weights), topics(300, weights, seed=1))
    metrics = train(dataset, Recipe(epochs=3), tmp_path / "model")
    assert metrics["accuracy"] > 0.97
    assert metrics["f1"] > 0.9
    assert np.array(metrics["confusion_matrix"]).shape == (3, 3)
    assert Predictor.load(tmp_path / "model").predict("word1 topic2a word3").label == "sport"


def test_texts_in_other_scripts_are_learnt(tmp_path: Path) -> None:
    texts = ["очень хороший фильм", "ужасно скучный фильм", "прекрасный фильм", "плохой и скучный"] * 50
    rows = Split(texts, [1, 0, 1, 0] * 50)
    metrics = train(
        Dataset("films", "made up", ["negative", "positive"], rows, rows), FAST, tmp_path / "model"
    )
    assert metrics["accuracy"] == 1.0


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


def test_training_killed_at_any_moment_leaves_the_old_model_and_later_no_trace(
    model: Path, tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in model.iterdir()}
    arguments = ["train", "--dataset", "sample", "--output-dir", str(model), "--num-train-epochs", "1000"]
    process = subprocess.Popen([sys.executable, "-m", "ml_workshop", *arguments], stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob(".model.partial-*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert {path.name: path.read_bytes() for path in model.iterdir()} == before
    train(load_dataset("sample"), FAST, model)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_living_run_is_not_swept_away_by_another(tmp_path: Path) -> None:
    from ml_workshop.atomic import new_directory

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


def test_the_fingerprint_follows_all_that_determines_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    base = fingerprint("files:1", Recipe())
    assert fingerprint("files:1", Recipe()) == base
    assert fingerprint("files:2", Recipe()) != base
    assert fingerprint("files:1", Recipe(seed=1)) != base
    monkeypatch.setattr("ml_workshop.training.fingerprint._version", lambda package: "other")
    assert fingerprint("files:1", Recipe()) != base


def test_the_fingerprint_follows_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    base = fingerprint("files:1", Recipe())
    read_bytes = Path.read_bytes
    changed = lambda path: read_bytes(path) + (b"#" if path.name == "bags.py" else b"")  # noqa: E731
    monkeypatch.setattr(Path, "read_bytes", changed)
    assert fingerprint("files:1", Recipe()) != base


@pytest.mark.skipif(
    not IMDB.is_dir() or not os.environ.get("TRAIN_ON_IMDB"),
    reason="trains on real reviews for half a minute: needs ../shared/data/imdb and TRAIN_ON_IMDB=1",
)
def test_real_reviews_are_classified_92_percent_right(tmp_path: Path) -> None:
    assert train(load_dataset(str(IMDB)), Recipe(), tmp_path / "model")["accuracy"] >= 0.92


def test_recipe_of_the_workshop_is_accepted(
    command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    options = [
        "--num-train-epochs",
        "1",
        "--batch-size",
        "16",
        "--input-size",
        "10000",
        "--hidden-size",
        "256",
        "--seed",
        "4",
    ]
    done = command("train", "--dataset", "sample", "--output-dir", tmp_path / "m", *options)
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["hidden_size"] == 256
    assert config["recipe"]["epochs"] == 1
    assert config["recipe"]["batch_size"] == 16
