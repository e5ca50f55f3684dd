"""What a run used."""

import resource
import sys


def peak_memory_bytes() -> int:
    """Return the largest resident size so far of this process or of one that it started and waited for."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(one).ru_maxrss for one in who)
    return peak if sys.platform == "darwin" else peak * 1024
