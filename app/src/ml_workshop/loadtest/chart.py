"""Chart of the latencies of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

_TAIL = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999)


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Draw histogram and quantiles of the latencies of a result with at least one request, as PNG."""
    milliseconds = np.array([int(text) for text in result["distribution"]]) / 1000
    counts = np.array(list(result["distribution"].values()))
    thresholds = [1000 * o["threshold_seconds"] for o in result["objectives"] if o["threshold_seconds"]]

    figure = Figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    _histogram(left, milliseconds, counts, thresholds)
    _tail(right, milliseconds, counts, thresholds)
    load = f"{result['users']} users" if "users" in result else f"{result['rate_due']:g} requests/s due"
    outcome = "passed" if result["passed"] else "NOT passed"
    figure.suptitle(
        f"{result['host']}, {result['mode']} model, {load}: {result['requests']} requests in "
        f"{result['seconds']:.0f} s, {result['failures']} failed; {outcome}"
    )
    figure.savefig(path, dpi=100)


def _histogram(axes: Axes, milliseconds: np.ndarray, counts: np.ndarray, thresholds: list[float]) -> None:
    low, high = max(milliseconds.min(), 0.001), max(milliseconds.max(), *thresholds, 0.002)
    edges = np.geomspace(low * 0.9, high * 1.2, 80)
    axes.hist(np.maximum(milliseconds, low), bins=list(edges), weights=counts, color="tab:blue")
    for threshold in thresholds:
        axes.axvline(threshold, color="tab:red", linestyle="--", label=f"objective: {threshold:g} ms")
    axes.set(title="Distribution", xlabel="latency in ms", ylabel="requests")
    axes.set(xscale="log", yscale="symlog")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    if thresholds:
        axes.legend()


def _tail(axes: Axes, milliseconds: np.ndarray, counts: np.ndarray, thresholds: list[float]) -> None:
    """Latency by percentile, the axis stretched towards the slowest requests."""
    reached = counts.cumsum() / counts.sum()
    before = np.concatenate([[0.0], reached[:-1]])
    axes.step(1 / (1 - before), milliseconds, where="post", color="tab:blue")
    for threshold in thresholds:
        axes.axhline(threshold, color="tab:red", linestyle="--")
    shown = [share for share in _TAIL if 1 / (1 - share) <= counts.sum() * 1.01]
    axes.set(
        title="Latency by percentile", xlabel="percentile", ylabel="latency in ms", xscale="log", yscale="log"
    )
    axes.set_xticks(
        [1 / (1 - share) for share in shown], [f"{100 * share:g} %" for share in shown], minor=False
    )
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(alpha=0.3)
