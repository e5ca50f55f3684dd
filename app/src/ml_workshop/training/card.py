"""The model card, README.md of a model directory, in the form the Hugging Face hub reads."""

import json
from typing import Any

from ml_workshop.model.config import Config
from ml_workshop.training.report import OVERVIEW, REPORT, unlabelled


def render(config: Config, metrics: dict[str, Any]) -> str:
    """Return the model card.

    Args:
        config: The model's configuration.
        metrics: The content of metrics.json.
    """
    calibration = metrics["calibration"]
    header = {
        "library_name": "ml-workshop",
        "pipeline_tag": "text-classification",
        "tags": ["text-classification", "n-grams", "safetensors"],
    }
    labels = ", ".join(config.label_names)
    matrix = "\n".join(
        f"| **{name}** | " + " | ".join(map(str, row)) + " |"
        for name, row in zip(config.label_names, metrics["confusion_matrix"], strict=True)
    )
    return f"""---
{_yaml(header)}---

# Text classifier: {labels}

A multilayer perceptron over weighted word n-grams (1 to {config.max_order} tokens):
{config.input_size:,} n-grams, {config.hidden_size} hidden units, {len(config.label_names)} classes.
Trained on `{config.dataset}` ({metrics["training"]["rows"]:,} rows) by ml-workshop {config.trained_by}
on {config.created[:10]}.

## How good it is

Measured once, on {metrics["n"]:,} test rows that nothing was chosen on{_duplicates(metrics)}.
More in [{REPORT}]({REPORT}).

![Confusion matrix, calibration, learning curve and top n-grams]({OVERVIEW})

| measure | value |
|---|---|
| accuracy | {metrics["accuracy"]:.4f} |
| F1 | {metrics["f1"]:.4f} |
| log loss | {metrics["log_loss"]:.4f} |
| expected calibration error | {calibration["expected_calibration_error"]:.4f} |
| Brier score | {calibration["brier_score"]:.4f} |

| true \\ predicted | {" | ".join(config.label_names)} |
|---|{"---|" * len(config.label_names)}
{matrix}

## Use

    ml-workshop predict --model DIR "What a film."

It has read nothing but its training data: other kinds of text, irony and languages are beyond it.
It must not decide anything about people.

## How it was made

Hyper-parameters: `{json.dumps(config.recipe)}`.
Rows without a label: {unlabelled(metrics["training"])}.
Nothing in this directory is executable: weights are safetensors, the rest is text.
`manifest.json` has the hash of each file.
"""


def _duplicates(metrics: dict[str, Any]) -> str:
    """Return a remark on test texts that are also training texts."""
    count = metrics["duplicates"]["test_in_train"]
    return f" ({count:,} of their texts are also training texts)" if count else ""


def _yaml(header: dict[str, Any]) -> str:
    """JSON values are YAML."""
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in header.items())
