"""`ml-workshop train` and `ml-workshop fingerprint`."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ml_workshop.cli.options import add_with_alias, memory_size, subcommand, whole_number
from ml_workshop.errors import DataError
from ml_workshop.training.recipe import Recipe

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands

_DEFAULT = Recipe()


def register(subcommands: "Subcommands") -> None:
    """Add the subcommands."""
    train = subcommand(subcommands, "train", _train, "train", "train a model")
    # A group, because argparse cannot require one of two names of different visibility.
    output = train.add_mutually_exclusive_group(required=True)
    add_with_alias(
        output.add_argument, "--output-dir", type=Path, metavar="DIR", help="model directory to create"
    )
    train.add_argument(
        "--examples",
        type=Path,
        metavar="FILE",
        help="also write up to 500 test rows as JSON lines for a load test",
    )
    train.add_argument(
        "--memory-max",
        type=memory_size,
        default="80%",
        metavar="SIZE",
        help="most memory to use: 512M, 2G, or a share of the host's (default: %(default)s)",
    )
    train.add_argument(
        "--counts",
        type=Path,
        metavar="DIR",
        help="counts of n-grams that another program has made, instead of counting (docs/scaling.md)",
    )
    _add_training_options(train)
    fingerprint = subcommand(
        subcommands,
        "fingerprint",
        _fingerprint,
        "train",
        "print a hash of everything that determines the model",
    )
    _add_training_options(fingerprint)


def _add_training_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset",
        default="stanfordnlp/imdb",
        metavar="DATASET",
        help="hub id, directory with train.* and test.* (parquet, csv or JSON; docs/data.md), "
        "or `sample` (default: %(default)s)",
    )
    parser.add_argument(
        "--dataset-revision", default="main", metavar="R", help="hub branch or commit (default: %(default)s)"
    )
    parser.add_argument(
        "--unlabelled",
        action="store_true",
        help="train also on texts without labels (unsupervised.*), labelled by a teacher network",
    )
    numbers = (
        ("--num-train-epochs", "epochs", whole_number(1, 1000), "passes over the data"),
        ("--batch-size", "batch_size", whole_number(1, 65536), "texts per step; fewer for a small data set"),
        ("--input-size", "input_size", whole_number(1, 2_000_000), "most n-grams in the vocabulary"),
        ("--hidden-size", "hidden_size", whole_number(1, 4096), "width of the hidden layer"),
        ("--seed", "seed", whole_number(0, 2**32 - 1), "seed of everything random"),
    )
    for flag, name, kind, summary in numbers:
        add_with_alias(
            parser.add_argument,
            flag,
            dest=name,
            type=kind,
            metavar="N",
            default=getattr(_DEFAULT, name),
            help=f"{summary} (default: %(default)s)",
        )


def _recipe(options: argparse.Namespace) -> Recipe:
    return Recipe(
        epochs=options.epochs,
        batch_size=options.batch_size,
        input_size=options.input_size,
        hidden_size=options.hidden_size,
        seed=options.seed,
        unlabelled=options.unlabelled,
    )


def _train(options: argparse.Namespace) -> None:
    from ml_workshop.data.examples import write_examples
    from ml_workshop.data.loading import open_dataset
    from ml_workshop.training.pipeline import train

    if options.counts and options.unlabelled:
        raise DataError("--counts are of labelled rows; train without --unlabelled, or without --counts.")
    dataset = open_dataset(options.dataset, options.dataset_revision, options.unlabelled)
    metrics = train(dataset, _recipe(options), options.output_dir, options.memory_max, options.counts)
    if options.examples:
        write_examples(dataset.iter_texts("test"), metrics["n"], options.examples)


def _fingerprint(options: argparse.Namespace) -> None:
    from ml_workshop.data.loading import dataset_identity
    from ml_workshop.training.fingerprint import fingerprint

    identity = dataset_identity(options.dataset, options.dataset_revision, options.unlabelled)
    print(json.dumps({"fingerprint": fingerprint(identity, _recipe(options)), "dataset": identity}))
