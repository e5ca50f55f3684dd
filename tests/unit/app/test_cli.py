"""The command line: what it prints, how it fails, how fast it starts."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ml_workshop.cli import main

Command = Callable[..., subprocess.CompletedProcess[str]]
Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as usage:
        code = int(usage.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def result(capsys: Capture, *arguments: object) -> dict[str, Any]:
    """Run a command that succeeds; return its JSON object."""
    code, out, err = run(capsys, *arguments)
    assert code == 0, err
    return dict(json.loads(out))


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["serve", "--help"], ["train", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from ml_workshop.cli import main\n"
        f"try: main({arguments})\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'flask', 'datasets', 'huggingface_hub', 'locust', 'gunicorn'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


TRAINING = {"torch", "sklearn", "scipy", "joblib", "datasets", "pyarrow", "safetensors"}
SIGNING = {"model_signing", "cryptography"}


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        (
            "from ml_workshop.cli import main; main(['predict', '--model', {model!r}, 'good'])",
            {*TRAINING, *SIGNING, "flask"},
        ),
        (
            "import ml_workshop.cli.serve, ml_workshop.serving.server",
            {*TRAINING, *SIGNING, "huggingface_hub"},
        ),
    ],
    ids=["predict", "serve"],
)
def test_inference_imports_no_training_packages(model: Path, code: str, unwanted: set[str]) -> None:
    code = f"import sys; {code.format(model=str(model))}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "numpy" in imported and not imported & unwanted


def test_nothing_is_unpickled() -> None:
    package = Path(sys.modules["ml_workshop"].__file__ or "").parent
    for path in package.rglob("*.py"):
        imports = re.findall(r"^\s*(?:import|from)\s+([\w.]+)", path.read_text(), re.MULTILINE)
        assert not {"pickle", "joblib", "shelve", "marshal", "dill", "sklearn"} & set(imports), path
        assert not re.search(r"torch\.load|allow_pickle", path.read_text()), path


def test_predict_prints_one_json_object_per_text(capsys: Capture, model: Path) -> None:
    code, out, err = run(capsys, "predict", "--model", model, "I loved it.", "A tedious mess.")
    answers = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [answer["label"] for answer in answers] == ["positive", "negative"]
    assert all(set(answer) == {"prediction", "label", "probability", "model_revision"} for answer in answers)


def test_predict_reads_lines_from_standard_input(model: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ml_workshop", "predict", "--model", model],
        input="I loved it.\n\nA tedious mess.",
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 3


def test_evaluate_prints_what_training_measured(capsys: Capture, model: Path) -> None:
    from ml_workshop.data.dataset import SAMPLE_DIRECTORY

    metrics = json.loads((model / "metrics.json").read_text())
    for data in (SAMPLE_DIRECTORY, SAMPLE_DIRECTORY / "test.jsonl"):
        measured = result(capsys, "evaluate", "--model", model, "--data", data)
        assert set(measured) == {"accuracy", "f1", "log_loss", "n", "seconds"}
        assert (measured["accuracy"], measured["f1"], measured["n"]) == (
            metrics["accuracy"],
            metrics["f1"],
            200,
        )


def test_push_resolve_and_pull(capsys: Capture, model: Path, tmp_path: Path) -> None:
    repo = f"dir://{tmp_path / 'registry'}"
    code, revision, _ = run(capsys, "push", "--model", model, "--repo", repo, "--min-accuracy", 0.5)
    assert code == 0
    revision = revision.strip()
    assert re.fullmatch("[0-9a-f]{40}", revision)
    assert run(capsys, "resolve", "--repo", repo)[:2] == (0, revision + "\n")
    pulled = result(capsys, "pull", "--repo", repo, "--models-dir", tmp_path / "models")
    assert pulled == {"revision": revision, "path": str(tmp_path / "models" / revision)}
    one = tmp_path / "one"
    pulled = result(capsys, "pull", "--repo", repo, "--revision", revision, "--output-dir", one)
    assert pulled == {"revision": revision, "path": str(one)}
    assert result(capsys, "predict", "--model", one, "x")["model_revision"] == revision


def test_push_records_what_was_published(capsys: Capture, model: Path, tmp_path: Path) -> None:
    record = tmp_path / "published.json"
    repo = f"dir://{tmp_path / 'registry'}"
    _, revision, _ = run(capsys, "push", "--model", model, "--repo", repo, "--record", record)
    written = {"repo": repo, "revision": revision.strip()}
    for file, key in (("config.json", "fingerprint"), ("metrics.json", "accuracy")):
        written[key] = json.loads((model / file).read_text())[key]
    assert json.loads(record.read_text()) == written


def test_the_exit_code_of_the_quality_gate(capsys: Capture, model: Path, tmp_path: Path) -> None:
    repo = f"dir://{tmp_path / 'registry'}"
    code, out, err = run(capsys, "push", "--model", model, "--repo", repo, "--min-accuracy", 1)
    assert (code, out) == (3, "")
    assert "is below 1.0000" in err


def test_the_fingerprint_is_that_of_the_trained_model(capsys: Capture, trained: Path) -> None:
    fingerprint = json.loads((trained / "config.json").read_text())["fingerprint"]
    assert result(capsys, "fingerprint", "--dataset", "sample")["fingerprint"] == fingerprint
    other = result(capsys, "fingerprint", "--dataset", "sample", "--seed", 9)["fingerprint"]
    assert other != fingerprint


def test_the_arguments_of_the_original_workshop_work(capsys: Capture, tmp_path: Path) -> None:
    numbers = {"num-train-epochs": 3, "batch-size": 64, "input-size": 500, "hidden-size": 8}
    fingerprints = set()
    for names in (numbers, {name.replace("-", "_"): value for name, value in numbers.items()}):
        options = [f"--{name}={value}" for name, value in names.items()]
        fingerprints.add(run(capsys, "fingerprint", "--dataset", "sample", *options)[1])
    assert len(fingerprints) == 1
    assert fingerprints != {run(capsys, "fingerprint", "--dataset", "sample")[1]}
    code, _, err = run(capsys, "train", "--dataset", "/no/such", "--output_dir", tmp_path / "model")
    assert (code, "neither a directory nor the id" in err) == (1, True)
    _, help_text, _ = run(capsys, "train", "--help")
    assert "_" not in "".join(re.findall(r"--[\w-]+", help_text))


def test_locustfile_prints_a_path_that_exists(capsys: Capture) -> None:
    code, out, _ = run(capsys, "locustfile")
    assert code == 0
    assert Path(out.strip()).is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unknown"],
        ["train"],
        ["train", "--output-dir", "x", "--num-train-epochs", "0"],
        ["train", "--output-dir", "x", "--batch-size", "many"],
        ["push", "--model", "x", "--repo", "dir:///x", "--min-accuracy", "92"],
        ["pull", "--repo", "dir:///x"],
        ["pull", "--repo", "dir:///x", "--output-dir", "a", "--models-dir", "b"],
        ["serve", "--model", "x", "--port", "70000"],
        ["serve", "--model", "x", "--port", "8000", "--socket", "s"],
        ["deploy", "--reason", "two\nlines"],
        ["rollback", "--by", "\x1b[31mred"],
    ],
)
def test_wrong_usage_exits_with_2(capsys: Capture, arguments: list[str]) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "usage: ml-workshop" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--dataset", "/no/such", "--output-dir", "{tmp}/m"], "neither a directory nor the id"),
        (["train", "--dataset", "sample", "--output-dir", "/proc/m"], "/proc/m cannot be written"),
        (["predict", "--model", "{tmp}/none", "x"], "is not a model directory"),
        (["evaluate", "--model", "{model}", "--data", "{tmp}/none.csv"], "does not exist"),
        (["push", "--model", "{tmp}", "--repo", "dir://{tmp}/r"], "is not a model directory"),
        (["push", "--model", "{model}", "--repo", "dir:///proc/r"], "cannot be written"),
        (["pull", "--repo", "dir://{tmp}/none", "--output-dir", "{tmp}/m"], "is empty: train and push"),
        (["resolve", "--repo", "ftp://x"], "neither hf://user/name nor dir:///"),
    ],
)
def test_errors_are_one_sentence(
    capsys: Capture, model: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    filled = [argument.format(tmp=tmp_path, model=model) for argument in arguments]
    code, out, err = run(capsys, *filled)
    assert (code, out) == (1, "")
    assert err.startswith("ml-workshop: ")
    assert message in err
    assert err.count("\n") == 1
    assert err.endswith(".\n")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "ftp://a", "http://", "http://a b", "http://a/?b=c", ""])
def test_a_host_that_is_no_url_is_a_usage_error(capsys: Capture, host: str) -> None:
    code, _, err = run(capsys, "load-test", "--output-dir", ".", "--host", host)
    assert code == 2
    assert f"argument --host: {host!r} is not a URL such as http://localhost:8000" in err


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        (["train", "--dataset", "sample", "--output-dir", "m"], "torch", "train"),
        (["predict", "--model", "m", "x"], "numpy", "serve"),
        (["serve", "--model", "m"], "gunicorn", "serve"),
        (["resolve", "--repo", "hf://a/b"], "huggingface_hub", "serve"),
    ],
)
def test_a_missing_extra_is_named(arguments: list[str], package: str, extra: str, tmp_path: Path) -> None:
    without = f"import sys; sys.modules[{package!r}] = None; from ml_workshop.cli import main"
    code = f"{without}; sys.exit(main({arguments}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert f"needs the Python package {package}: install ml-workshop[{extra}]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_an_error_and_leaves_no_files(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ml_workshop.training.export.save_file", full)
    code, _, err = run(capsys, "train", "--dataset", "sample", "--output-dir", tmp_path / "m")
    assert code == 1
    assert f"{tmp_path / 'm'} cannot be written: No space left on device: free space there." in err
    assert list(tmp_path.iterdir()) == []
