"""What must be in the environment before the server's libraries are imported."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_workshop.errors import ServingError

_METRICS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def prepared_environment() -> Iterator[None]:
    """Set up the directory in which the workers' metrics meet, and one thread per process for linear algebra.

    PROMETHEUS_MULTIPROC_DIR may name the directory; what an earlier run left there is removed. Without it a
    temporary one is made and removed at the end.

    Raises:
        ServingError: The directory cannot be written.
    """
    for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(library, "1")
    given = os.environ.get(_METRICS_DIRECTORY)
    if given:
        try:
            Path(given).mkdir(parents=True, exist_ok=True)
            for leftover in Path(given).glob("*.db"):
                leftover.unlink()
        except OSError as error:
            raise ServingError(
                f"{_METRICS_DIRECTORY}={given} cannot be written: {error.strerror}."
            ) from error
        yield
        return
    owner = os.getpid()
    directory = os.environ[_METRICS_DIRECTORY] = tempfile.mkdtemp(prefix="ml-workshop-metrics-")
    try:
        yield
    finally:
        if os.getpid() == owner:  # a worker, too, leaves through here
            shutil.rmtree(directory, ignore_errors=True)
