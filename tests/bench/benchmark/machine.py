"""The machine that a run uses."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmark.progress import progress

CORES = 2
BUSY_PERCENT = 15
CPU_SAMPLE_SECONDS = 1.0


def take_two_cores() -> None:
    """Keep this process and its children on two cores, which the thresholds assume."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])


def describe() -> dict[str, str]:
    """Return a description of the machine, with a warning when it is busy."""
    busy = psutil.cpu_percent(interval=CPU_SAMPLE_SECONDS)
    if busy > BUSY_PERCENT:
        progress(f"other programs use {busy:.0f} % of this machine: figures will be worse than they are")
    model = next(
        (
            line.partition(": ")[2]
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "busy before": f"{busy:.0f} %",
    }
