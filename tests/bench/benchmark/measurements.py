"""Measurements of one run."""

from dataclasses import dataclass

OURS, OURS_UNLOGGED, GATEWAY = "ours", "ours, no access log", "ours behind HAProxy"
GATEWAY_TLS = f"{GATEWAY}, TLS and key"
PEER, PEER_LOGGED, WORKSHOP = "FastAPI peer", "FastAPI peer, access log", "workshop"
UNLABELLED = "ours, with unlabelled rows"
NOOP = "no-op, Flask on gthread"
WORKSHOP_ONE, WORKSHOP_TWO = "workshop, 1 process", "workshop, 2 processes"
CONNECTIONS = (1, 16, 64)
"""Numbers of connections that wrk opens."""


@dataclass(frozen=True)
class Usage:
    """Time and memory that a program used.

    Attributes:
        seconds: Time from start to end.
        cpu_seconds: CPU time of the program and its children.
        peak_bytes: Peak resident memory of the program and its children; shared pages count once.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Memory:
    """Memory of one process.

    Attributes:
        resident_bytes: All pages in memory, including mapped files and shared pages (RSS).
        proportional_bytes: The same, with each shared page divided by the number of its processes (PSS).
    """

    resident_bytes: int
    proportional_bytes: int


@dataclass(frozen=True)
class Load:
    """Result of one run of wrk.

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
"""Loads by server and number of connections, one per round."""


@dataclass(frozen=True)
class Training:
    """Measurements of training, by OURS, WORKSHOP, and UNLABELLED if the data set has such rows.

    Attributes:
        runs: Usage of the whole command, from reading the data to writing the model; one per round.
        accuracy: Accuracy on the whole test split, 0 to 1.
        log_loss: Log loss on the whole test split, in nats; without WORKSHOP.
    """

    runs: dict[str, list[Usage]]
    accuracy: dict[str, float]
    log_loss: dict[str, float]


@dataclass(frozen=True)
class Serving:
    """Measurements of serving.

    Attributes:
        loads: Loads of each server.
        memory: Memory of the largest worker of each server, after the load.
        start_seconds: Time from the start of our server to its first correct answer; one per start.
        prediction_microseconds: Median time of a prediction as a library call, by variant; one per round.
    """

    loads: Loads
    memory: dict[str, Memory]
    start_seconds: list[float]
    prediction_microseconds: dict[str, list[float]]


@dataclass(frozen=True)
class Results:
    """Results of a run.

    Attributes:
        machine: Description of the machine.
        imdb: Whether the data is IMDB.
        training: Measurements; None if the half was left out.
        serving: Measurements; None if the half was left out.
    """

    machine: dict[str, str]
    imdb: bool
    training: Training | None
    serving: Serving | None
