"""Starting and stopping programs, and what they use."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmark.errors import BenchmarkError

ROOT = Path(__file__).parents[1]
SAMPLE_SECONDS = 0.02
STOP_SECONDS = 15


@dataclass(frozen=True)
class Usage:
    """What a program used.

    Attributes:
        seconds: From its start to its end.
        peak_bytes: Most resident memory of it and its children together.
    """

    seconds: float
    peak_bytes: int


@contextmanager
def started(
    command: Sequence[str], log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in the background; at the end it and all it started are stopped.

    Args:
        command: Program and arguments.
        log: Where its output goes.
        environment: Added to ours.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(STOP_SECONDS)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def run_measured(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> tuple[Usage, str]:
    """Run a program to its end.

    Args:
        command: Program and arguments.
        log: Where its output goes.
        environment: Added to ours.

    Returns:
        What it used, and what it printed.

    Raises:
        BenchmarkError: It failed.
    """
    begin = time.perf_counter()
    with started(command, log, environment or {}) as process:
        peak = 0
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak = max(peak, _resident_bytes(process.pid))
            time.sleep(SAMPLE_SECONDS)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    output = log.read_text(errors="replace")
    if process.returncode:
        last = output.strip().rpartition("\n")[2]
        raise BenchmarkError(f"'{' '.join(map(str, command))}' failed ({log} has all of it): {last}")
    return Usage(seconds, max(peak, usage.ru_maxrss * 1024)), output


def _resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants; pages they share count for each."""
    total = 0
    try:
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            total += member.memory_info().rss
    except psutil.Error:
        pass  # it ended while we looked
    return total


@dataclass(frozen=True)
class Memory:
    """Memory of one process.

    Attributes:
        resident: All its pages in memory, bytes; those of mapped files and those it shares count fully.
        proportional: The same with each shared page divided by the number of processes that share it, bytes.
    """

    resident: int
    proportional: int


def largest_worker(pid: int) -> Memory:
    """Return the memory of the largest process that a server started; of the server if it started none."""
    process = psutil.Process(pid)
    workers = [child.pid for child in process.children(recursive=True) if not child.children()]
    return max((read_memory(worker) for worker in workers or [pid]), key=lambda memory: memory.resident)


def read_memory(pid: int) -> Memory:
    """Ask the kernel for the memory of a process."""
    return parse_memory(Path(f"/proc/{pid}/smaps_rollup").read_text())


def parse_memory(rollup: str) -> Memory:
    """Read the text of /proc/PID/smaps_rollup."""
    sizes = {}
    for line in rollup.splitlines()[1:]:
        name, size, _unit = line.split()
        sizes[name] = int(size) * 1024
    return Memory(sizes["Rss:"], sizes["Pss:"])
