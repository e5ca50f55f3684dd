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
    from ml_workshop.model.predictor import Predictor
    from ml_workshop.model.revision import model_revision

    predictor = Predictor.load(options.model)
    revision = model_revision(options.model)
    for text in options.texts or (line.rstrip("\n") for line in sys.stdin):
        said = predictor.predict(text)
        answer = {
            "prediction": said.prediction,
            "label": said.label,
            "probability": said.probability,
            "model_revision": revision,
        }
        print(json.dumps(answer, ensure_ascii=False), flush=True)
