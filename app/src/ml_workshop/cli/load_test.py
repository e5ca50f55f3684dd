"""`ml-workshop load-test` and `locustfile`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ml_workshop.cli.options import add_numbers, http_url, number, subcommand, whole_number

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands


def register(subcommands: "Subcommands") -> None:
    """Add the subcommands."""
    parser = subcommand(
        subcommands,
        "load-test",
        _load_test,
        "loadtest",
        "load-test a service; exit code 3 if it misses an objective",
    )
    host = "URL of the service, for example http://localhost:8000"
    parser.add_argument("--host", type=http_url, required=True, metavar="URL", help=host)
    parser.add_argument("--output-dir", required=True, metavar="DIR", help="where to write the results")
    parser.add_argument(
        "--mode",
        choices=["closed", "open"],
        default="closed",
        help="closed: users wait for a response; open: constant arrival rate (default: %(default)s)",
    )
    add_numbers(
        parser,
        ("--users", whole_number(1, 10_000), 50, "users at the peak (closed)"),
        ("--rate", number(0.1, 100_000), 100.0, "requests per second at the peak (open)"),
        ("--ramp", number(0, 3600), 10.0, "seconds until the peak"),
        ("--hold", number(1, 86_400), 60.0, "seconds at the peak"),
        ("--processes", whole_number(1, 64), 1, "processes that share the load"),
        ("--minimum-requests", whole_number(1, 10**9), 1000, "fewer requests make the run fail"),
        ("--availability", number(0, 100), 99.9, "percent of the requests that have to succeed"),
        ("--web-port", whole_number(0, 65535), 0, "port of Locust's web UI and /metrics, 0 for any"),
        ("--linger", whole_number(0, 3600), 0, "seconds that the web UI stays after the run"),
    )
    parser.add_argument(
        "--latency",
        nargs=2,
        type=number(0, 100),
        action="append",
        metavar=("PERCENT", "SECONDS"),
        help="at least PERCENT of the requests get a response within SECONDS; repeatable (default: 99 0.05)",
    )
    parser.add_argument(
        "--web-address",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address of the web UI (default: %(default)s)",
    )
    summary = "print the path of the locustfile, for `locust -f`"
    subcommand(subcommands, "locustfile", _print_locustfile, "loadtest", summary)


def _print_locustfile(_options: argparse.Namespace) -> None:
    print(Path(__file__).parent.parent / "loadtest" / "locustfile.py")


def _load_test(options: argparse.Namespace) -> None:
    from ml_workshop.errors import ObjectiveError
    from ml_workshop.loadtest.plan import Objective, Plan
    from ml_workshop.loadtest.run import run

    latencies = options.latency or [(99.0, 0.05)]
    objectives = [Objective("availability", options.availability)]
    objectives += [Objective("latency", percent, seconds) for percent, seconds in latencies]
    names = ("mode", "users", "rate", "ramp", "hold", "processes", "minimum_requests")
    load = {name: getattr(options, name) for name in names}
    plan = Plan(objectives=objectives, output=options.output_dir, **load)
    result = run(plan, options.host, options.web_address, options.web_port, options.linger)
    latency = ", ".join(f"{name} {value:g}" for name, value in result["latency_ms"].items())
    print(f"{result['requests']} requests, {result['failures']} failed, {result['rate']:g}/s; ms: {latency}")
    if not result["passed"]:
        raise ObjectiveError(" ".join(result["problems"]))
