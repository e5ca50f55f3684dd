"""What one run measures."""

from dataclasses import dataclass

OURS, OURS_UNLOGGED, GATEWAY = "ours", "ours, no access log", "ours behind HAProxy"
GATEWAY_TLS = f"{GATEWAY}, TLS and key"
PEER, PEER_LOGGED, WORKSHOP = "FastAPI peer", "FastAPI peer, access log", "workshop"
UNLABELLED = "ours, with unlabelled rows"
NOOP = "no-op, Flask on gthread"
WORKSHOP_ONE, WORKSHOP_TWO = "workshop, 1 process", "workshop, 2 processes"
CONNECTIONS = (1, 16, 64)
"""Of wrk."""


@dataclass(frozen=True)
class Usage:
    """What a program used.

    Attributes:
        seconds: From its start to its end.
        cpu_seconds: Of it and its children.
        peak_bytes: Most resident memory of it and its children together; a page that they share counts once.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Memory:
    """Memory of one process.

    Attributes:
        resident_bytes: All its pages in memory; those of mapped files and those it shares count fully.
        proportional_bytes: The same, each shared page divided by the number of processes that share it.
    """

    resident_bytes: int
    proportional_bytes: int


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw.

    Attributes:
        requests_per_second: Answered requests.
        p50: Median latency, milliseconds.
        p99: 99th percentile of the latency, milliseconds. The load is a closed loop: each connection waits
            for its answer before it sends again.
    """

    requests_per_second: float
    p50: float
    p99: float


Loads = dict[str, dict[int, list[Load]]]
"""By server and number of connections, one load per round."""


@dataclass(frozen=True)
class Training:
    """What was seen of training: OURS, WORKSHOP, and UNLABELLED if the data set has such rows.

    Attributes:
        runs: The whole command, from reading the data to writing the model; one per round.
        accuracy: On the whole test split, 0 to 1.
        log_loss: On the whole test split, in nats; not of WORKSHOP.
    """

    runs: dict[str, list[Usage]]
    accuracy: dict[str, float]
    log_loss: dict[str, float]


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


@dataclass(frozen=True)
class Results:
    """All of a run.

    Attributes:
        machine: What it ran on.
        imdb: Whether the data is IMDB.
        training: None if it was left out.
        serving: None if it was left out.
    """

    machine: dict[str, str]
    imdb: bool
    training: Training | None
    serving: Serving | None
