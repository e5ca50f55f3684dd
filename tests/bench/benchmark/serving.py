"""Serving: load on all servers in turn, the memory of a worker, the time to start."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmark import wrk
from benchmark.processes import Memory, largest_worker
from benchmark.progress import say
from benchmark.servers import Server, running

CONNECTIONS = (1, 16, 64)
WARM_UP_SECONDS = 1

Loads = dict[str, dict[int, list[wrk.Load]]]
"""By server and number of connections, one load per round."""


@dataclass(frozen=True)
class Serving:
    """What was seen of serving.

    Attributes:
        loads: Of each server.
        memory: Of the largest worker of each server, after the load.
        start_seconds: Of our server, from process start to the first correct answer; one per start.
        prediction_microseconds: Median of a prediction as a library call, by way; one per round.
    """

    loads: Loads
    memory: dict[str, Memory]
    start_seconds: list[float]
    prediction_microseconds: dict[str, list[float]]


def measure_load(
    servers: list[Server], review: str, bodies: Path, rounds: int, seconds: int, logs: Path
) -> tuple[Loads, dict[str, Memory]]:
    """Put load on the servers, alternating: they all run, one at a time has work.

    Args:
        servers: What to compare.
        review: What each is asked to see that it has started.
        bodies: File with one request body per line.
        rounds: How often.
        seconds: How long each load lasts.
        logs: Directory for their output.

    Returns:
        The loads, and the memory of the largest worker of each server afterwards.
    """
    with ExitStack() as stack:
        up = [stack.enter_context(running(server, review, logs)) for server in servers]
        loads: Loads = {server.name: {connections: [] for connections in CONNECTIONS} for server in up}
        for server in up:
            wrk.run(server.port, max(CONNECTIONS), WARM_UP_SECONDS, bodies)
        for number in range(1, rounds + 1):
            for connections in CONNECTIONS:
                for server in up:
                    load = wrk.run(server.port, connections, seconds, bodies)
                    loads[server.name][connections].append(load)
                    say(
                        f"load {number}/{rounds}, {connections:2} connections, {server.name}: "
                        f"{load.requests_per_second:,.0f} requests/s, p99 {load.p99:.1f} ms"
                    )
        return loads, {server.name: largest_worker(server.pid) for server in up}


def measure_starts(server: Server, review: str, rounds: int, logs: Path) -> list[float]:
    """Start a server again and again.

    Returns:
        Seconds from the start of the process to its first correct answer, one per round.
    """
    seconds = []
    for _ in range(rounds):
        with running(server, review, logs) as up:
            seconds.append(up.start_seconds)
    say(f"start of {server.name}: " + ", ".join(f"{value:.2f} s" for value in seconds))
    return seconds
