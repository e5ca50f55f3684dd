"""What a run used."""

import contextlib
import ctypes
import resource
import sys


def peak_memory_bytes() -> int:
    """Return the largest resident size so far of this process or of one that it started and waited for."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(one).ru_maxrss for one in who)
    return peak if sys.platform == "darwin" else peak * 1024


def return_free_memory() -> None:
    """Give back to the system what the C library keeps for later, where there is such a function (glibc)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
