"""The results as tables."""

from collections.abc import Sequence
from statistics import median

from benchmark.bars import BARS
from benchmark.figures import figures, further_ratios
from benchmark.measurements import CONNECTIONS, Results, Serving, Training

NOT_IMDB = "Bars for IMDB are not compared: this is other data."


def markdown(results: Results) -> str:
    """Return all tables of a run."""
    parts = [bars(results)]
    if results.training:
        parts.append(training(results.training))
    if results.serving:
        parts += [further(results.serving), serving(results.serving), predictions(results.serving)]
    parts.append("; ".join(f"{name}: {value}" for name, value in results.machine.items()) + ".")
    return "\n\n".join(parts) + "\n"


def bars(results: Results) -> str:
    """Return the bars and what was measured."""
    found = figures(results)
    rows = []
    for bar in BARS:
        figure = found.get(bar.key)
        rows.append(
            (
                bar.what,
                f"{'>=' if bar.higher_is_better else '<='} {bar.bar:g}{bar.unit}",
                f"{bar.target:g}{bar.unit}",
                "" if figure is None else f"{figure:.3g}{bar.unit}",
                bar.check(figure, results.imdb).value,
            )
        )
    text = table(("what", "bar", "target", "measured", "result"), rows)
    return text if results.imdb else f"{text}\n\n{NOT_IMDB}"


def training(seen: Training) -> str:
    """Return duration, memory and accuracy of both ways; medians over the rounds."""
    return table(
        ("training", "wall s", "peak memory MB", "accuracy on the test split"),
        [
            (
                name,
                f"{median(run.seconds for run in runs):.1f}",
                f"{median(run.peak_bytes for run in runs) / 1e6:,.0f}",
                f"{seen.accuracy[name]:.2%}",
            )
            for name, runs in seen.runs.items()
        ],
    )


def serving(seen: Serving) -> str:
    """Return the servers under load, medians over the rounds, and the memory of a worker."""
    header = [f"{what}, {count}" for what in ("requests/s", "p50 ms", "p99 ms") for count in CONNECTIONS]
    rows = []
    for name, loads in seen.loads.items():
        runs = [loads[count] for count in CONNECTIONS]
        memory = seen.memory[name]
        rows.append(
            (
                name,
                *(f"{median(load.requests_per_second for load in run):,.0f}" for run in runs),
                *(f"{median(load.p50 for load in run):.2f}" for run in runs),
                *(f"{median(load.p99 for load in run):.1f}" for run in runs),
                f"{memory.resident_bytes / 1e6:.0f} ({memory.proportional_bytes / 1e6:.0f})",
            )
        )
    return table(["server, by connections", *header, "worker RSS (PSS) MB"], rows)


def further(seen: Serving) -> str:
    """Return ratios without a bar."""
    ratios = further_ratios(seen).items()
    return table(("also, at 16 connections", "measured"), [(what, f"{ratio:.3g}") for what, ratio in ratios])


def predictions(seen: Serving) -> str:
    """Return the medians of a prediction as a library call."""
    return table(
        ("predict, one review", "p50 microseconds"),
        [(way, f"{median(rounds):,.0f}") for way, rounds in seen.prediction_microseconds.items()],
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns line up."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )
