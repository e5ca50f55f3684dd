"""Load by wrk."""

import json
import subprocess
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.measurements import Load

FAILURES = ("bad_status", "connect", "read", "write", "timeout")
SCRIPT = Path(__file__).parents[1] / "reviews.lua"


def parse(output: str) -> Load:
    """Read what reviews.lua printed.

    Args:
        output: Standard output of wrk.

    Raises:
        BenchmarkError: A request failed, or none was answered: such figures mean nothing.
    """
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise BenchmarkError(f"wrk printed no result: {output.strip()[-200:]!r}.")
    seen = json.loads(lines[-1])
    failures = {kind: seen[kind] for kind in FAILURES if seen[kind]}
    if failures or not seen["requests"]:
        counts = ", ".join(f"{kind} {count}" for kind, count in failures.items())
        raise BenchmarkError(f"wrk counts {seen['requests']} answers and failures of: {counts or 'nothing'}.")
    return Load(seen["requests"] / (seen["microseconds"] / 1e6), seen["p50"] / 1e3, seen["p99"] / 1e3)


def run(port: int, connections: int, seconds: int, bodies: Path, api_key: str = "") -> Load:
    """Send reviews to /predict of a server on this machine, from one thread.

    Args:
        port: Port of the server.
        connections: Number of open connections, each with one request at a time.
        seconds: Duration of the load.
        bodies: File with one request body per line.
        api_key: Sent with each request, by HTTPS; empty: neither.

    Raises:
        BenchmarkError: wrk or a request failed.
    """
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    command += [
        "--timeout",
        "10s",
        "--script",
        str(SCRIPT),
        f"{'https' if api_key else 'http'}://127.0.0.1:{port}/predict",
        "--",
        str(bodies),
        *([api_key] if api_key else []),
    ]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30)
    if finished.returncode:
        raise BenchmarkError(f"wrk failed: {(finished.stderr or finished.stdout).strip()[-200:]}")
    return parse(finished.stdout)
