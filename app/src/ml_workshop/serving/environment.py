"""The environment of the server's libraries; they read it when they are imported."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_workshop.errors import ServingError

_METRICS = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def prepared_environment() -> Iterator[None]:
    """Prepare the directory of the workers' metrics, and one thread per process for linear algebra.

    PROMETHEUS_MULTIPROC_DIR names the directory; files of an earlier run are removed. Without it, a temporary
    directory is used and removed at the end.

    Raises:
        ServingError: The directory cannot be written.
    """
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(library, "1")
    temporary = None
    if _METRICS not in os.environ:
        temporary = os.environ[_METRICS] = tempfile.mkdtemp(prefix="ml-workshop-metrics-")
    directory = Path(os.environ[_METRICS])
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for leftover in directory.glob("*.db"):
            leftover.unlink()
    except OSError as error:
        raise ServingError(f"{_METRICS}={directory} cannot be written: {error.strerror}.") from error
    owner = os.getpid()
    try:
        yield
    finally:
        if temporary and os.getpid() == owner:  # a worker leaves through here, too
            shutil.rmtree(temporary, ignore_errors=True)
