"""Run conda_worker.py with the interpreter of the tool and read its result."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any


class WorkerError(Exception):
    """The worker could not execute the request.

    Attributes:
        kind: see FAILURES in conda_worker.py; `crash` when the worker died without an answer, `tool`
            when it isn't installed.
        details: output of the solver or installer.
    """

    def __init__(self, kind: str, message: str, details: str = "") -> None:
        """Store what the module's message needs."""
        super().__init__(message)
        self.kind = kind
        self.details = details


def worker_command(tool: Path) -> list[str]:
    """Return the command that starts the worker of the tool at `tool`."""
    return [str(tool / "bin" / "python"), "-I", str(tool / "conda_worker.py")]


def send_to_worker(tool: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the worker and return its answer.

    Raises:
        WorkerError: the worker reports a failure, or died.
    """
    run = subprocess.run(  # noqa: S603 - the path is the task's own parameter
        worker_command(tool), input=json.dumps(request), capture_output=True, text=True, check=False
    )
    try:
        answer: dict[str, Any] = json.loads(run.stdout)
    except ValueError:
        if "No module named 'rattler'" in run.stderr or "can't open file" in run.stderr:
            raise WorkerError(
                "tool", f"{tool} has no working py-rattler, install it with the role conda"
            ) from None
        how = f"signal {-run.returncode}" if run.returncode < 0 else f"exit code {run.returncode}"
        raise WorkerError("crash", f"the conda worker died ({how})", run.stderr or run.stdout) from None
    if "failure" in answer:
        raise WorkerError(answer["failure"], answer["message"], answer.get("details", ""))
    return answer
