"""Load by h2load, which speaks HTTP/1.1 to TCP and to Unix sockets."""

import re
import statistics
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.measurements import Load

_ATTEMPTS = 3
"""h2load 1.52 does not end after one of twelve runs, when it has closed its connections."""


def parse(output: str, log: str, seconds: float) -> Load:
    """Read what h2load printed, and its log of requests.

    Args:
        output: Standard output of h2load.
        log: Start (microseconds), status and duration (microseconds) of each request, one per line.
        seconds: Length of the load.

    Raises:
        BenchmarkError: A request failed, or none was answered: such figures mean nothing.
    """
    line = output.partition("requests: ")[2].partition("\n")[0]
    counts = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", line)}
    durations = [float(line.split("\t")[2]) for line in log.splitlines() if line.split("\t")[1] == "200"]
    failed = {name: counts.get(name, 0) for name in ("failed", "errored", "timeout") if counts.get(name)}
    if failed or len(durations) < 2 or len(durations) != log.count("\n"):
        raise BenchmarkError(
            f"h2load counts {len(durations)} answers with status 200, and {failed or output[-300:]}."
        )
    percentiles = statistics.quantiles(durations, n=100, method="inclusive")
    return Load(len(durations) / seconds, percentiles[49] / 1000, percentiles[98] / 1000)


def run(address: str | Path, connections: int, seconds: int, body: str) -> Load:
    """Send one request after the other to /predict of a server on this machine, from one thread.

    Args:
        address: host:port, or a Unix socket.
        connections: Kept open, each with one request at a time.
        seconds: How long.
        body: Of each request.

    Raises:
        BenchmarkError: h2load or a request failed.
    """
    with tempfile.TemporaryDirectory() as directory:
        body_file, log = Path(directory, "body"), Path(directory, "log")
        body_file.write_text(body)
        command = ["h2load", "--h1", "-t1", "-N5s", f"-c{connections}", f"-D{seconds}", f"-d{body_file}"]
        command += ["-Hcontent-type: application/json", f"--log-file={log}"]
        if isinstance(address, Path):
            command += ["-B", f"unix:{address}"]
        host = "localhost" if isinstance(address, Path) else address
        for _ in range(_ATTEMPTS):
            with suppress(subprocess.TimeoutExpired):
                finished = subprocess.run(
                    [*command, f"http://{host}/predict"], capture_output=True, text=True, timeout=seconds + 5
                )
                break
        else:
            raise BenchmarkError(f"h2load did not end after {seconds} s, in {_ATTEMPTS} attempts.")
        if finished.returncode:
            raise BenchmarkError(f"h2load failed: {(finished.stderr or finished.stdout).strip()[-200:]}")
        return parse(finished.stdout, log.read_text(), seconds)
