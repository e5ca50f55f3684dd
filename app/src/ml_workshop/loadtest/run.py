"""Run Locust with a plan, in separate processes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from ml_workshop.errors import LoadTestError
from ml_workshop.loadtest.plan import TIMEOUT_SECONDS, Plan

RESULT, REPORT, CHART = "result.json", "report.html", "latency.png"
"""Files of a run."""

_LOCUSTFILE = Path(__file__).with_name("slo_locustfile.py")
_LOCAL = "127.0.0.1"
_STOP_TIMEOUT = 2 * TIMEOUT_SECONDS + 1
"""Seconds for the requests in flight at the end: by then, each has a response or timed out."""

_QUIT_DELAY = 1
"""Seconds from the end until the master quits, in which workers send their last reports."""


def run(plan: Plan, host: str, address: str, port: int, linger: int) -> dict[str, Any]:
    """Run a load test and write its result, report and chart to the plan's directory.

    Args:
        plan: Load and objectives.
        host: URL of the service under test.
        address: Address of the web UI.
        port: Port of the web UI; 0 for any.
        linger: Seconds that the web UI stays after the run, for further scrapes.

    Returns:
        The content of result.json.

    Raises:
        LoadTestError: The web UI cannot listen on its address, or there is no result.
    """
    port = _usable_port(address, port)
    output = Path(plan.output)
    output.mkdir(parents=True, exist_ok=True)
    for name in (RESULT, REPORT, CHART):
        (output / name).unlink(missing_ok=True)
    web_ui = ["--web-host", address, "--web-port", str(port)]
    completed = subprocess.run(  # noqa: S603  (our own arguments)
        [*_command(plan, host, linger), *web_ui],
        env={**os.environ, **plan.to_environment()},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if not (output / RESULT).exists():
        raise LoadTestError(
            f"Locust ended with exit code {completed.returncode} and without a result: read its output above."
        )
    result: dict[str, Any] = json.loads((output / RESULT).read_text())
    if result["requests"]:
        from ml_workshop.loadtest.chart import draw  # takes a second to import

        draw(result, output / CHART)
    return result


def _command(plan: Plan, host: str, linger: int) -> list[str]:
    command = [
        sys.executable, "-m", "locust", "--locustfile", str(_LOCUSTFILE), "--host", host, "--only-summary",
        "--autostart", "--autoquit", str(max(linger, _QUIT_DELAY)), "--stop-timeout", str(_STOP_TIMEOUT),
        "--html", str(Path(plan.output) / REPORT),
    ]  # fmt: skip
    if plan.processes > 1:
        port = str(_usable_port(_LOCAL, 0))
        command += ["--processes", str(plan.processes)]
        command += ["--master-host", _LOCAL, "--master-port", port]
        command += ["--master-bind-host", _LOCAL, "--master-bind-port", port]
    return command


def _usable_port(address: str, port: int) -> int:
    """Return the port (a free one for 0) once it can be bound; Locust would run without its web UI."""
    try:
        with socket.create_server((address, port)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise LoadTestError(
            f"Locust cannot listen on {address}:{port} ({reason}): set another --web-address or --web-port."
        ) from error
