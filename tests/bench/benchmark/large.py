"""Training on more rows than a data set has.

`python -m benchmark.large --dataset DIR --output DIR` makes reviews of two halves of real ones, trains on the
data set and on these, and prints one JSON object. A million rows take about 10 GB of disk.
"""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from workshop.rows import read_split

from benchmark.progress import progress

BATCH_ROWS = 10_000
TEST = "test.parquet"


def write_rows(dataset: Path, directory: Path, rows: int) -> None:
    """Write a data set of different training rows, with the test rows of another one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts, labels = read_split(dataset, "train")
    of_class = [
        [text.split(" ") for text, its in zip(texts, labels, strict=True) if its == label] for label in (0, 1)
    ]
    del texts, labels
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(dataset / TEST, directory / TEST)
    schema = pa.schema({"text": pa.string(), "label": pa.int64()})
    with pq.ParquetWriter(directory / "train.parquet", schema) as file:
        for first in range(0, rows, BATCH_ROWS):
            numbers = range(first, min(first + BATCH_ROWS, rows))
            made = list(made_rows(of_class, numbers))
            file.write(pa.table([list(column) for column in zip(*made, strict=True)], schema=schema))


def made_rows(of_class: list[list[list[str]]], numbers: range) -> Iterator[tuple[str, int]]:
    """Yield the first half of a review and the second half of another one of its class; no pair twice."""
    for number in numbers:
        label, pair = number % 2, number // 2
        reviews = of_class[label]
        distance, place = divmod(pair, len(reviews))
        one, other = reviews[place], reviews[(place + distance + 1) % len(reviews)]
        yield " ".join([*one[: len(one) // 2], *other[len(other) // 2 :]]), label


def measure(dataset: Path, output: Path, rows: int) -> dict[str, float]:
    """Train on a data set and on many rows made from it."""
    from benchmark.training import COMMAND
    from benchmark.usage import run_measured

    many = output / "many"
    write_rows(dataset, many, rows)
    progress(f"{rows:,} rows written")
    measured: dict[str, float] = {}
    for name, data in (("", dataset), ("many_", many)):
        model = output / f"model-{data.name}"
        command = (COMMAND, "train", "--dataset", str(data), "--output-dir", str(model))
        usage, _ = run_measured(command, output / f"train-{data.name}.log")
        trained = json.loads((model / "metrics.json").read_text())["training"]["rows"]
        measured |= {
            f"{name}rows": trained,
            f"{name}seconds": round(usage.seconds, 1),
            f"{name}cpu_milliseconds_per_row": round(1e3 * usage.cpu_seconds / trained, 4),
            f"{name}peak_bytes": usage.peak_bytes,
        }
        megabytes = usage.peak_bytes / 1e6
        progress(
            f"{trained:,} rows: {usage.seconds:.0f} s, CPU {usage.cpu_seconds:.0f} s, {megabytes:,.0f} MB"
        )
    per_row = "cpu_milliseconds_per_row"
    return {**measured, "cpu_per_row_ratio": round(measured[f"many_{per_row}"] / measured[per_row], 3)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="benchmark.large", description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="has train.parquet and test.parquet")
    parser.add_argument("--output", type=Path, required=True, help="directory for data, logs and models")
    parser.add_argument("--rows", type=int, default=1_000_000, help="default: %(default)s")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    print(json.dumps(measure(options.dataset, options.output, options.rows), indent=1))
