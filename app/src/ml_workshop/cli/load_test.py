"""`ml-workshop load-test`."""

import argparse
from typing import TYPE_CHECKING

from ml_workshop.cli.options import number, subcommand, whole_number

if TYPE_CHECKING:
    from ml_workshop.cli.options import Subcommands


def register(subcommands: "Subcommands") -> None:
    """Add the subcommand."""
    parser = subcommand(
        subcommands,
        "load-test",
        _load_test,
        "loadtest",
        "load a service; exit code 3 if it misses an objective",
    )
    parser.add_argument(
        "--host", required=True, metavar="URL", help="the service, as in http://localhost:8000"
    )
    parser.add_argument("--output-dir", required=True, metavar="DIR", help="for result, report and chart")
    parser.add_argument(
        "--mode",
        choices=["closed", "open"],
        default="closed",
        help="closed: users read an answer before they ask again; open: constant rate (default: %(default)s)",
    )
    numbers = (
        ("--users", whole_number(1, 10_000), 50, "users at the peak (closed)"),
        ("--rate", number(0.1, 100_000), 100.0, "requests per second at the peak (open)"),
        ("--ramp", number(0, 3600), 10.0, "seconds until the peak"),
        ("--hold", number(1, 86_400), 60.0, "seconds at the peak"),
        ("--processes", whole_number(1, 64), 1, "processes that share the load"),
        ("--minimum-requests", whole_number(1, 10**9), 1000, "with fewer, the run does not pass"),
        ("--availability", number(0, 100), 99.9, "percent of the requests that may not fail"),
        ("--web-port", whole_number(0, 65535), 0, "port of Locust's web UI and /metrics, 0 for any"),
        ("--linger", whole_number(0, 3600), 0, "seconds that the web UI stays after the run"),
    )
    for flag, kind, default, summary in numbers:
        parser.add_argument(
            flag, type=kind, default=default, metavar="N", help=f"{summary} (default: %(default)s)"
        )
    parser.add_argument(
        "--latency",
        nargs=2,
        type=number(0, 100),
        action="append",
        metavar=("PERCENT", "SECONDS"),
        help="percent of the requests to be answered in so many seconds; repeatable (default: 99 0.05)",
    )
    parser.add_argument(
        "--web-address", default="127.0.0.1", metavar="ADDRESS", help="of the web UI (default: %(default)s)"
    )


def _load_test(options: argparse.Namespace) -> None:
    from ml_workshop.errors import ObjectiveError
    from ml_workshop.loadtest.plan import Objective, Plan
    from ml_workshop.loadtest.run import run

    latencies = options.latency or [(99.0, 0.05)]
    plan = Plan(
        mode=options.mode,
        users=options.users,
        rate=options.rate,
        ramp=options.ramp,
        hold=options.hold,
        processes=options.processes,
        minimum_requests=options.minimum_requests,
        objectives=[
            Objective("availability", options.availability),
            *(Objective("latency", percent, seconds) for percent, seconds in latencies),
        ],
        output=options.output_dir,
    )
    result = run(plan, options.host, options.web_address, options.web_port, options.linger)
    latency = ", ".join(f"{name} {value:g}" for name, value in result["latency_ms"].items())
    print(f"{result['requests']} requests, {result['failures']} failed, {result['rate']:g}/s; ms: {latency}")
    if not result["passed"]:
        raise ObjectiveError(" ".join(result["problems"]))
