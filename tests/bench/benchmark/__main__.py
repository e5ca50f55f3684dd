"""`python -m benchmark`: measure, print the tables, write the results; fails when a bar is missed."""

import argparse
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from workshop.rows import read_split

from benchmark import machine, prediction, report, training
from benchmark.bars import BARS, Outcome
from benchmark.errors import BenchmarkError
from benchmark.figures import figures
from benchmark.measurements import Results, Serving
from benchmark.plots import draw
from benchmark.progress import progress
from benchmark.reviews import write_bodies
from benchmark.servers import all_servers, golden_review
from benchmark.serving import measure_load, measure_starts
from benchmark.training import Models

IMDB_TRAIN_ROWS = 25_000
MISSED = 3
"""Exit code when a bar is missed."""


def main() -> int:
    """Measure."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are stopped
    try:
        return _run(options)
    except BenchmarkError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmark", description=__doc__)
    parser.add_argument("--dataset", required=True, help="directory with train.* and test.*, or `sample`")
    parser.add_argument("--output", type=Path, required=True, help="directory for models, logs and results")
    parser.add_argument(
        "--only", choices=("training", "serving"), help="one half; serving takes models that are there"
    )
    parser.add_argument("--training-rounds", type=int, default=2, help="default: %(default)s")
    parser.add_argument(
        "--rounds", type=int, default=5, help="of load and of predictions (default: %(default)s)"
    )
    parser.add_argument("--seconds", type=int, default=3, help="that each load lasts (default: %(default)s)")
    parser.add_argument("--starts", type=int, default=5, help="of our server (default: %(default)s)")
    return parser.parse_args()


def _run(options: argparse.Namespace) -> int:
    dataset = _directory(options.dataset)
    output = options.output.resolve()
    logs = output / "logs"
    models = Models(output / "models" / dataset.name / "ours", output / "models" / dataset.name / "workshop")
    models.ours.parent.mkdir(parents=True, exist_ok=True)
    machine.take_two_cores()
    described = machine.describe()
    imdb = len(read_split(dataset, "train")[0]) == IMDB_TRAIN_ROWS

    if options.only == "serving":
        trained = None
        training.train_missing(dataset, models, logs)
    else:
        trained = training.measure(dataset, models, options.training_rounds, logs)
    served = None if options.only == "training" else _serving(dataset, models, output, options)
    results = Results(described, imdb, trained, served)
    return _report(results, output / "results")


def _directory(dataset: str) -> Path:
    if dataset == "sample":
        from ml_workshop.data.dataset import SAMPLE_DIRECTORY

        return Path(SAMPLE_DIRECTORY)
    directory = Path(dataset).resolve()
    for split in ("train", "test"):
        if not any((directory / f"{split}.{kind}").is_file() for kind in ("parquet", "jsonl")):
            raise BenchmarkError(
                f"{directory} has no {split}.parquet or {split}.jsonl: name another directory."
            )
    return directory


def _serving(dataset: Path, models: Models, output: Path, options: argparse.Namespace) -> Serving:
    logs = output / "logs"
    bodies = write_bodies(dataset, output / "reviews.jsonl")
    review, _ = golden_review(models.ours)
    servers = all_servers(models)
    predictions = prediction.measure(models, bodies, options.rounds, logs)
    starts = measure_starts(servers[0], review, options.starts, logs)
    loads, memory = measure_load(servers, review, bodies, options.rounds, options.seconds, logs)
    return Serving(loads, memory, starts, predictions)


def _report(results: Results, directory: Path) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    found = figures(results)
    (directory / "results.json").write_text(
        json.dumps({"figures": found, **asdict(results)}, indent=1) + "\n"
    )
    (directory / "results.md").write_text(report.markdown(results))
    draw(results, directory / "results.png")
    print(report.bars(results))
    progress(f"all figures and a plot: {directory}")
    missed = [bar.what for bar in BARS if bar.check(found.get(bar.key), results.imdb) is Outcome.MISSED]
    if missed:
        print(f"benchmark: missed: {'; '.join(missed)}.", file=sys.stderr)
    return MISSED if missed else 0


if __name__ == "__main__":
    sys.exit(main())
