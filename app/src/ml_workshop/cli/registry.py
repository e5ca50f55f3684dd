"""`ml-workshop push`, `pull` and `resolve`."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ml_workshop.cli.options import add_model, number, subcommand

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands


def register(subcommands: "Subcommands") -> None:
    """Add the subcommands."""
    push = subcommand(subcommands, "push", _push, "train", "publish a model; prints its revision")
    add_model(push)
    _add_repo(push)
    push.add_argument(
        "--min-accuracy",
        type=number(0, 1),
        metavar="A",
        help="refuse (exit 3) a model below this accuracy, 0 to 1",
    )
    push.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="also write the revision and the accuracy to this file, as JSON",
    )
    push.add_argument(
        "--signing-key", type=Path, metavar="FILE", help="sign the model with this private key (PEM)"
    )

    pull = subcommand(subcommands, "pull", _pull, "serve", "fetch a model and verify it")
    _add_repo(pull)
    _add_revision(pull)
    pull.add_argument(
        "--verify-key",
        type=Path,
        metavar="FILE",
        help="refuse a model that was not signed with the private key of this public key (PEM)",
    )
    target = pull.add_mutually_exclusive_group(required=True)
    target.add_argument(
        "--output-dir", type=Path, metavar="DIR", help="directory of the model; a model in it is replaced"
    )
    target.add_argument(
        "--models-dir", type=Path, metavar="DIR", help="create DIR/<revision>, unless it is there and intact"
    )

    resolve = subcommand(subcommands, "resolve", _resolve, "serve", "print the revision that pull would use")
    _add_repo(resolve)
    _add_revision(resolve)


def _add_repo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repo", required=True, metavar="REPO", help="hf://user/name or dir:///path")


def _add_revision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--revision",
        default="latest",
        metavar="R",
        help="'latest', or a revision that a push printed (default: %(default)s)",
    )


def _push(options: argparse.Namespace) -> None:
    from ml_workshop.registry.publishing import push, write_record

    if options.signing_key:
        options.extra += ",signing"
    revision = push(options.model, options.repo, options.min_accuracy, options.signing_key)
    if options.record:
        write_record(options.record, options.model, options.repo, revision)
    print(revision)


def _pull(options: argparse.Namespace) -> None:
    from ml_workshop.registry.pulling import pull_to_models_dir, pull_to_output_dir

    if options.verify_key:
        options.extra += ",signing"
    source = options.repo, options.revision
    if options.models_dir:
        revision, path = pull_to_models_dir(*source, options.models_dir, options.verify_key)
    else:
        revision, path = pull_to_output_dir(*source, options.output_dir, options.verify_key)
    print(json.dumps({"revision": revision, "path": str(path)}))


def _resolve(options: argparse.Namespace) -> None:
    from ml_workshop.registry.repository import open_repository

    print(open_repository(options.repo).resolve(options.revision))
