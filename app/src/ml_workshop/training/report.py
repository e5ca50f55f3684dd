"""report.html of a model directory: one page, without a script and without another file."""

import html
import logging
import warnings
from pathlib import Path
from string import Template
from typing import Any

from ml_workshop.model.artifact import Artifact
from ml_workshop.processes import Forked
from ml_workshop.training import plots
from ml_workshop.training.top_features import top_features

REPORT = "report.html"
OVERVIEW = "report.png"
"""The card shows it."""

NGRAMS = 15

_PAGE = Template((Path(__file__).parent / "report.html").read_text(encoding="utf-8"))


def write_report(artifact: Artifact, metrics: dict[str, Any], directory: Path) -> None:
    """Write the report as HTML, and its overview as an image.

    Args:
        artifact: The model.
        metrics: The content of metrics.json.
        directory: Directory to write to.
    """
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
    features = top_features(artifact, NGRAMS)
    with Forked(plots.write_overview, directory / OVERVIEW, metrics, features) as overview:
        (directory / REPORT).write_text(_page(artifact, metrics, features), encoding="utf-8")
        overview.result()


def _page(artifact: Artifact, metrics: dict[str, Any], features: plots.TopFeatures) -> str:
    config, calibration, names = artifact.config, metrics["calibration"], metrics["label_names"]
    curve = metrics["validation"]["curve"]
    training = metrics["training"]
    tiles = {
        "accuracy": f"{metrics['accuracy']:.2%}",
        "F1": f"{metrics['f1']:.4f}",
        "calibration error": f"{calibration['expected_calibration_error']:.4f}",
        "test rows": f"{metrics['n']:,}",
        "training": f"{training['seconds']:.0f} s",
    }
    pictures = {
        "curve_loss": plots.as_svg(plots.learning_loss(curve), 5, 3),
        "curve_accuracy": plots.as_svg(plots.learning_accuracy(curve), 5, 3),
        "confusion": plots.as_svg(plots.confusion(metrics["confusion_matrix"], names), 5, 3.4),
        "reliability": plots.as_svg(plots.reliability(calibration), 5, 3.4),
        "confidences": plots.as_svg(plots.confidences(calibration), 5, 3),
        "ngrams": "".join(
            plots.as_svg(plots.top_features(features, names, NGRAMS, [number]), 5, 0.35 + 0.24 * NGRAMS)
            for number in plots.classes_with_ngrams(names)
        ),
    }
    facts = {
        "data set": config.dataset,
        "training rows": f"{training['rows']:,}",
        "rows without a label": unlabelled(training),
        "held out for validation": f"{metrics['validation']['n']:,}",
        "classes": ", ".join(names),
        "n-grams": f"{config.input_size:,}",
        "trained": config.created,
        "trained by": f"ml-workshop {config.trained_by}",
        "peak memory": f"{training['peak_memory_bytes'] / 1e6:,.0f} MB",
        "fingerprint": config.fingerprint,
    }
    measures = {
        "accuracy, test": f"{metrics['accuracy']:.4f}",
        "accuracy, validation": f"{metrics['validation']['accuracy']:.4f}",
        "F1, test": f"{metrics['f1']:.4f}",
        "log loss": f"{metrics['log_loss']:.4f}",
        "expected calibration error": f"{calibration['expected_calibration_error']:.4f}",
        "Brier score": f"{calibration['brier_score']:.4f}",
        "temperature": f"{metrics['temperature']:.3f}",
        "mean confidence": f"{metrics['baseline']['confidence']:.4f}",
        "tokens outside the vocabulary": f"{metrics['baseline']['out_of_vocabulary_ratio']:.2%}",
        "test texts that are also training texts": f"{metrics['duplicates']['test_in_train']:,}",
    }
    return _PAGE.substitute(
        pictures,
        title=html.escape(f"Text classifier: {', '.join(names)}"),
        dataset=html.escape(config.dataset),
        tiles="".join(f"<div><b>{value}</b>{name}</div>" for name, value in tiles.items()),
        facts=_rows(facts),
        measures=_rows(measures),
        recipe=_rows(
            {
                name.replace("_", " "): str(value) if isinstance(value, bool) else f"{value:,}"
                for name, value in config.recipe.items()
            }
        ),
    )


def unlabelled(training: dict[str, Any]) -> str:
    """Return what to know of rows with predicted labels."""
    if not training["unlabelled_rows"]:
        return "none used"
    return (
        f"{training['unlabelled_rows']:,}, with labels predicted by a network trained on the labelled rows "
        f"({training['unlabelled_seconds']:.0f} s of the training); they may be about the same subjects, for "
        "example films, as the test rows"
    )


def _rows(table: dict[str, str]) -> str:
    return "".join(f"<tr><th>{html.escape(name)}<td>{html.escape(value)}" for name, value in table.items())
