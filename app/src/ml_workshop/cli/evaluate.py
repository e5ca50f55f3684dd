"""`ml-workshop evaluate`."""

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ml_workshop.cli.options import add_model, subcommand

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands


def register(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    parser = subcommand(
        subcommands, "evaluate", _evaluate, "train", "measure a model; prints one JSON object"
    )
    add_model(parser)
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="PATH",
        help="parquet, csv or JSON file, or directory with test.*",
    )


def _evaluate(options: argparse.Namespace) -> None:
    from ml_workshop.data.loading import load_rows
    from ml_workshop.model.evaluation import evaluate
    from ml_workshop.model.predictor import Predictor

    predictor = Predictor.load(options.model)
    rows = load_rows(options.data, predictor.config.label_names)
    started = time.perf_counter()
    measured = evaluate(predictor, [rows])
    measured["seconds"] = round(time.perf_counter() - started, 3)
    print(json.dumps({name: measured[name] for name in ("accuracy", "f1", "log_loss", "n", "seconds")}))
