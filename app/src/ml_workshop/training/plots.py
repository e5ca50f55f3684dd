"""The pictures of a training report."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

TopFeatures = list[list[tuple[str, float]]]
Draw = Callable[[Figure], None]

_INK = "#010203"
"""Lines and letters; in a page they take the colour of its text, whether that is dark or light."""

_BLUE, _ORANGE = "#3b82f6", "#f08c2e"
_CLASS_COLOURS = (_ORANGE, _BLUE, "#10a37f", "#c2569b", "#8b6fd6", "#b8912f", "#d9534f", "#5b8a9a")

MOST_CLASSES_WITH_NUMBERS = 10
_MOST_CLASSES_WITH_NGRAMS = 12

_STYLE: dict[Any, Any] = {
    "font.size": 9,
    "text.parse_math": False,  # a class may be called "$100"
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _INK,
    "grid.alpha": 0.12,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "ml-workshop",  # the same picture for the same numbers
}


def as_svg(draw: Draw, width: float, height: float) -> str:
    """Draw a picture that goes into a page as it is, width and height in inches."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :].replace(_INK, "currentColor")


def write_overview(path: Path, metrics: dict[str, Any], features: TopFeatures) -> None:
    """Draw the pictures that matter most as one PNG file."""
    names = metrics["label_names"]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9, 7.2), layout="constrained", dpi=110)
        above, below = figure.subfigures(2, 1, height_ratios=[1, 1.1], squeeze=False)[:, 0]
        left, right = above.subfigures(1, 2)
        confusion(metrics["confusion_matrix"], names)(left)
        reliability(metrics["calibration"])(right)
        left, right = below.subfigures(1, 2, width_ratios=[1, 1.6])
        learning_accuracy(metrics["validation"]["curve"])(left)
        top_features(features, names, 8, classes_with_ngrams(names))(right)
        figure.savefig(path, metadata={"Software": None})


def learning_loss(curve: list[dict[str, float]]) -> Draw:
    """Return what draws the loss of training and validation rows over the steps."""
    return lambda figure: _learning(figure, curve, "loss", "log loss (nats)")


def learning_accuracy(curve: list[dict[str, float]]) -> Draw:
    """Return what draws the accuracy on training and validation rows over the steps."""
    return lambda figure: _learning(figure, curve, "accuracy", "accuracy")


def confusion(matrix: list[list[int]], names: list[str]) -> Draw:
    """Return what draws a confusion matrix, shaded by the share of each true class."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        counts = np.array(matrix)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        shades = np.zeros((*shares.shape, 4))
        shades[..., :3] = mpl.colors.to_rgb(_BLUE)
        shades[..., 3] = 0.04 + 0.6 * shares
        axes.imshow(shades, aspect="auto")
        if len(names) <= MOST_CLASSES_WITH_NUMBERS:
            for (row, column), count in np.ndenumerate(counts):
                text = f"{count:,}\n{shares[row, column]:.1%}"
                axes.text(column, row, text, ha="center", va="center")
        places = range(len(names))
        axes.set_xticks(places, names, rotation=0 if len(names) <= 4 else 90)
        axes.set_yticks(places, names)
        axes.set(xlabel="predicted", ylabel="true")
        axes.grid(visible=False)

    return draw


def reliability(calibration: dict[str, Any]) -> Draw:
    """Return what draws how often predictions of each confidence are right."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        bins = calibration["bins"]
        lowest = min(its["from"] for its in bins)
        axes.plot([lowest, 1], [lowest, 1], color=_INK, linewidth=0.8, linestyle="--", alpha=0.6)
        confidence, accuracy = ([its[name] for its in bins] for name in ("confidence", "accuracy"))
        deviation = [
            (share * (1 - share) / its["count"]) ** 0.5 for its, share in zip(bins, accuracy, strict=True)
        ]
        axes.errorbar(confidence, accuracy, deviation, color=_BLUE, marker="o", markersize=4, linewidth=1.4)
        for its in bins:
            axes.annotate(
                f"{its['count']:,}",
                (its["confidence"], its["accuracy"]),
                (4, -11),
                textcoords="offset points",
                fontsize=7,
                alpha=0.75,
            )
        axes.set(xlabel="confidence", ylabel="share that is right")
        axes.set_title(
            f"expected calibration error {calibration['expected_calibration_error']:.4f}", loc="left"
        )

    return draw


def confidences(calibration: dict[str, Any]) -> Draw:
    """Return what draws how many predictions have which confidence, and how many of them are right."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        bins = calibration["bins"]
        right = [round(its["count"] * its["accuracy"]) for its in bins]
        wrong = [its["count"] - its_right for its, its_right in zip(bins, right, strict=True)]
        begins, widths = [its["from"] for its in bins], [0.92 * (its["to"] - its["from"]) for its in bins]
        axes.bar(begins, right, widths, align="edge", color=_BLUE, label="right")
        axes.bar(begins, wrong, widths, bottom=right, align="edge", color=_ORANGE, label="wrong")
        axes.set(xlabel="confidence", ylabel="test rows")
        axes.legend()

    return draw


def classes_with_ngrams(names: list[str]) -> range:
    """Return the numbers of the classes whose n-grams are drawn."""
    return range(min(len(names), _MOST_CLASSES_WITH_NGRAMS))


def top_features(features: TopFeatures, names: list[str], count: int, classes: Sequence[int]) -> Draw:
    """Return a function that draws the n-grams with the highest weight for each class of `classes`."""

    def draw(figure: Figure) -> None:
        for place, number in enumerate(classes):
            axes = figure.add_subplot(-(-len(classes) // 2), min(2, len(classes)), place + 1)
            ngrams = features[number][:count][::-1]
            axes.barh(
                range(len(ngrams)),
                [lead for _, lead in ngrams],
                color=_CLASS_COLOURS[number % len(_CLASS_COLOURS)],
                height=0.7,
            )
            axes.set_yticks(range(len(ngrams)), [ngram for ngram, _ in ngrams])
            axes.set_title(names[number], loc="left")
            axes.grid(visible=False)
            axes.set_xticks([])
            axes.spines["bottom"].set_visible(False)

    return draw


def _learning(figure: Figure, curve: list[dict[str, float]], measure: str, unit: str) -> None:
    axes: Axes = figure.add_subplot()
    steps = [its["step"] for its in curve]
    axes.plot(steps, [its[f"training_{measure}"] for its in curve], color=_BLUE, label="training")
    axes.plot(
        steps, [its[measure] for its in curve], color=_ORANGE, marker="o", markersize=3, label="validation"
    )
    axes.set(xlabel="step", ylabel=unit)
    axes.legend()
