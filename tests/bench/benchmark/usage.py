"""Time and memory of programs."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from benchmark.background import started
from benchmark.errors import BenchmarkError
from benchmark.measurements import Memory, Usage

SAMPLE_SECONDS = 0.1


def run_measured(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> tuple[Usage, str]:
    """Run a program to its end.

    Args:
        command: Program and arguments.
        log: File for the output.
        environment: Additional environment variables.

    Returns:
        The usage and the output of the program.

    Raises:
        BenchmarkError: The program failed.
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
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Usage(seconds, cpu_seconds, max(peak, usage.ru_maxrss * 1024)), output


def _resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants; a page that they share counts once."""
    try:
        process = psutil.Process(pid)
        children = process.children(recursive=True)
        if not children:
            return int(process.memory_info().rss)
        return sum(member.memory_full_info().pss for member in (process, *children))
    except psutil.Error:
        return 0  # one of them ended while we looked


def largest_worker(pid: int) -> Memory:
    """Return the memory of the largest process that a server started; of the server if it started none."""
    server = psutil.Process(pid)
    workers = [child for child in server.children(recursive=True) if not child.children()]
    sizes = [worker.memory_full_info() for worker in workers or [server]]
    largest = max(sizes, key=lambda size: size.rss)
    return Memory(largest.rss, largest.pss)
