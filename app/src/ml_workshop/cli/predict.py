"""`ml-workshop predict`."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from ml_workshop.cli.options import add_model, subcommand

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands


def register(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    parser = subcommand(
        subcommands, "predict", _predict, "serve", "classify texts; prints one JSON object per text"
    )
    add_model(parser)
    parser.add_argument(
        "texts", nargs="*", metavar="TEXT", help="texts; without any, one per line of standard input"
    )


def _predict(options: argparse.Namespace) -> None:
    from ml_workshop.model.loading import load_model

    model = load_model(options.model)
    for text in options.texts or (line.rstrip("\n") for line in sys.stdin):
        prediction = model.predictor.predict(text)
        result = {
            "prediction": prediction.prediction,
            "label": prediction.label,
            "probability": prediction.probability,
            "model_revision": model.revision,
        }
        print(json.dumps(result, ensure_ascii=False), flush=True)
