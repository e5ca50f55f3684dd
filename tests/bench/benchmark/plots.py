"""The results as a picture."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from pathlib import Path
from statistics import median

import matplotlib as mpl

mpl.use("Agg")  # before pyplot: there may be no display

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmark.bars import BARS, Outcome
from benchmark.figures import figures
from benchmark.measurements import CONNECTIONS, OURS, Load, Results, Serving, Training

COLOURS = {Outcome.REACHED: "tab:green", Outcome.MET: "tab:olive", Outcome.MISSED: "tab:red"}
GREY = "lightgrey"


def draw(results: Results, file: Path) -> None:
    """Draw a run.

    Args:
        results: Results of the run.
        file: PNG to write.
    """
    panels: list[Callable[[Axes], None]] = [partial(_bars, results)]
    if results.training:
        panels.append(partial(_training, results.training))
    if results.serving:
        panels.append(partial(_load, results.serving, "requests/s", attrgetter("requests_per_second")))
        panels.append(partial(_load, results.serving, "p99, ms", attrgetter("p99")))
    figure, axes = plt.subplots(
        (len(panels) + 1) // 2, 2, figsize=(14, 9), layout="constrained", squeeze=False
    )
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for panel, axis in zip(panels, axes.flat, strict=False):
        panel(axis)
    figure.savefig(file, dpi=70)
    plt.close(figure)


def _bars(results: Results, axis: Axes) -> None:
    """Draw each bar as a multiple of its target: right of 1 it is met."""
    found = figures(results)
    shown = [bar for bar in reversed(BARS) if bar.key in found]
    for position, bar in enumerate(shown):
        result = bar.check(found[bar.key], results.imdb)
        axis.barh(position, bar.times_bar(found[bar.key]), color=COLOURS.get(result, GREY))
        axis.plot(bar.times_bar(bar.target), position, marker="|", markersize=16, color="black")
    axis.set_yticks(range(len(shown)), [bar.what for bar in shown])
    axis.axvline(1, color="black", linestyle="--", linewidth=1)
    axis.set_xscale("log")
    axis.set_xticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
    axis.minorticks_off()
    axis.set_title("times better than the bar (|: target)")


def _training(seen: Training, axis: Axes) -> None:
    names = list(seen.runs)
    seconds = [median(run.seconds for run in seen.runs[name]) for name in names]
    gigabytes = [median(run.peak_bytes for run in seen.runs[name]) / 1e9 for name in names]
    for offset, values, label in ((-0.2, seconds, "{:.0f} s"), (0.2, gigabytes, "{:.2f} GB")):
        drawn = axis.bar(
            [position + offset for position in range(len(names))],
            [value / max(values) for value in values],
            0.35,
        )
        axis.bar_label(drawn, [label.format(value) for value in values])
    axis.set_xticks(
        range(len(names)),
        [f"{name.replace(', ', chr(10))}\naccuracy {seen.accuracy[name]:.1%}" for name in names],
    )
    axis.set_yticks([])
    axis.set_ylim(0, 1.15)
    axis.set_title("training: wall time and peak memory")


def _load(seen: Serving, title: str, value: Callable[[Load], float], axis: Axes) -> None:
    for name, loads in seen.loads.items():
        axis.plot(
            [str(count) for count in CONNECTIONS],
            [median(value(load) for load in loads[count]) for count in CONNECTIONS],
            marker="o",
            linewidth=3 if name == OURS else 1.5,
            label=name,
        )
    axis.set_yscale("log")
    axis.set_xlabel("connections")
    axis.set_title(title)
    axis.grid(visible=True, which="both", alpha=0.3)
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, fontsize="small")
