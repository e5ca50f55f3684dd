"""Training both ways."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop.files import WEIGHTS

from benchmark.measurements import OURS, UNLABELLED, WORKSHOP, Training, Usage
from benchmark.progress import progress
from benchmark.usage import run_measured

COMMAND = str(Path(sys.executable).with_name("ml-workshop"))


@dataclass(frozen=True)
class Models:
    """Directories of the trained models."""

    ours: Path
    workshop: Path

    @property
    def unlabelled(self) -> Path:
        """Return the directory of ours that is trained on unlabelled rows, too."""
        return self.ours.with_name(f"{self.ours.name}-unlabelled")


def measure(dataset: Path, models: Models, rounds: int, logs: Path) -> Training:
    """Train our model and the workshop's in turn, and evaluate both on the test split.

    Args:
        dataset: Directory with train.* and test.*.
        models: Directories to write.
        rounds: Number of rounds.
        logs: Directory for output.
    """
    commands = _commands(dataset, models)
    runs: dict[str, list[Usage]] = {name: [] for name in commands}
    for number in range(1, rounds + 1):
        for name, command in commands.items():
            usage, _ = run_measured(command, logs / f"train-{name}.log")
            runs[name].append(usage)
            progress(
                f"training {number}/{rounds}, {name}: {usage.seconds:.1f} s, {usage.peak_bytes / 1e6:,.0f} MB"
            )
    measured = {name: _evaluate(name, dataset, models, logs) for name in commands}
    accuracy = {name: its["accuracy"] for name, its in measured.items()}
    progress("accuracy: " + ", ".join(f"{name} {value:.2%}" for name, value in accuracy.items()))
    log_loss = {name: its["log_loss"] for name, its in measured.items() if "log_loss" in its}
    return Training(runs, accuracy, log_loss)


def train_missing(dataset: Path, models: Models, logs: Path) -> None:
    """Train what is missing; ours also when the code that trains has changed since."""
    commands = _commands(dataset, models)
    _, printed = run_measured((COMMAND, "fingerprint", "--dataset", str(dataset)), logs / "fingerprint.log")
    config = models.ours / "config.json"
    if (
        not config.is_file()
        or json.loads(config.read_text())["fingerprint"] != last_json(printed)["fingerprint"]
    ):
        progress("training our model")
        run_measured(commands[OURS], logs / "train-ours.log")
    if not (models.workshop / WEIGHTS).is_file():
        progress("training the workshop's model")
        run_measured(commands[WORKSHOP], logs / "train-workshop.log")


def _commands(dataset: Path, models: Models) -> dict[str, Sequence[str]]:
    train = (COMMAND, "train", "--dataset", str(dataset), "--output-dir")
    commands: dict[str, Sequence[str]] = {
        OURS: (*train, str(models.ours)),
        WORKSHOP: (sys.executable, "-m", "workshop.train", str(dataset), str(models.workshop)),
    }
    if list(dataset.glob("unsupervised.*")):
        commands[UNLABELLED] = (*train, str(models.unlabelled), "--unlabelled")
    return commands


def _evaluate(name: str, dataset: Path, models: Models, logs: Path) -> dict[str, Any]:
    if name == WORKSHOP:
        command = [sys.executable, "-m", "workshop.evaluate", str(models.workshop), str(dataset)]
    else:
        model = models.ours if name == OURS else models.unlabelled
        command = [COMMAND, "evaluate", "--model", str(model), "--data", str(dataset)]
    return last_json(run_measured(command, logs / f"evaluate-{name}.log")[1])


def last_json(output: str) -> dict[str, Any]:
    """Return the last JSON object among the lines that a program printed."""
    printed: dict[str, Any] = json.loads([line for line in output.splitlines() if line.startswith("{")][-1])
    return printed
