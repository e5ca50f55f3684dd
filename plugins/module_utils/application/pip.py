"""Run pip for an interpreter, independently of the host's umask, environment and pip configuration."""

from __future__ import annotations

import os
import re
import subprocess

#: pip's message when no index answers.
NETWORK = re.compile(r"(?i)connection|timed? ?out|resolv|ssl|proxy|no matching distribution|could not fetch")


def run_pip(python: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m pip ARGUMENTS`; what it writes can be read by every user.

    PIP_REQUIRE_VIRTUALENV of the host does not count, since the interpreter was chosen.
    """
    command = [python, "-I", "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
    return subprocess.run(  # noqa: S603 - the interpreter is the task's own parameter
        command,
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,
        env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "0", "PIP_ROOT_USER_ACTION": "ignore", **environment},
    )


def pip_failure(run: subprocess.CompletedProcess[str]) -> str:
    """Return why pip failed, as the end of a sentence without a full stop."""
    if run.returncode < 0:
        return f"pip was killed by signal {-run.returncode}, as the kernel does when memory runs out"
    lines = [line.strip() for line in run.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")] or lines or ["pip gave no reason"]
    return re.sub(r"(?i)^error: ", "", errors[-1]).rstrip(". ")
