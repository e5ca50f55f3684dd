"""Serving: load on all servers in turn, the memory of a worker, the time to start."""

from contextlib import ExitStack
from pathlib import Path

from benchmark import wrk
from benchmark.errors import BenchmarkError
from benchmark.measurements import CONNECTIONS, Load, Loads, Memory
from benchmark.progress import progress
from benchmark.servers import Running, Server, running
from benchmark.usage import largest_worker

WARM_UP_SECONDS = 1


def measure_load(
    servers: list[Server], review: str, bodies: Path, rounds: int, seconds: int, logs: Path
) -> tuple[Loads, dict[str, Memory]]:
    """Load the servers in turn; all of them run, one at a time gets requests.

    Args:
        servers: Servers to compare.
        review: The text of the first request to each.
        bodies: File with one request body per line.
        rounds: Number of rounds.
        seconds: Duration of each load.
        logs: Directory for their output.

    Returns:
        The loads, and the memory of the largest worker of each server afterwards.
    """
    with ExitStack() as stack:
        up = [stack.enter_context(running(server, review, logs)) for server in servers]
        loads: Loads = {server.name: {connections: [] for connections in CONNECTIONS} for server in up}
        for server in up:
            _load(server, max(CONNECTIONS), WARM_UP_SECONDS, bodies)
        for number in range(1, rounds + 1):
            for connections in CONNECTIONS:
                for server in up:
                    load = _load(server, connections, seconds, bodies)
                    loads[server.name][connections].append(load)
                    progress(
                        f"load {number}/{rounds}, {connections:2} connections, {server.name}: "
                        f"{load.requests_per_second:,.0f} requests/s, p99 {load.p99:.1f} ms"
                    )
        return loads, {server.name: largest_worker(server.pid) for server in up}


def _load(server: Running, connections: int, seconds: int, bodies: Path) -> Load:
    try:
        return wrk.run(server.port, connections, seconds, bodies, server.api_key)
    except BenchmarkError as error:
        raise BenchmarkError(
            f"Load of {connections} connections on '{server.name}' failed: {error}"
        ) from error


def measure_starts(server: Server, review: str, rounds: int, logs: Path) -> list[float]:
    """Start a server again and again.

    Returns:
        Seconds from the start of the process to its first correct answer, one per round.
    """
    seconds = []
    for _ in range(rounds):
        with running(server, review, logs) as up:
            seconds.append(up.start_seconds)
    progress(f"start of {server.name}: " + ", ".join(f"{value:.2f} s" for value in seconds))
    return seconds
