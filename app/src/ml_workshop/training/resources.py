"""Memory that a training needs and has used."""

import contextlib
import ctypes
import resource
import sys

from ml_workshop.errors import DataError
from ml_workshop.training.recipe import Recipe

_BASE_BYTES = 600_000_000
_BYTES_PER_ROW = 100
_BYTES_PER_WEIGHT = 40
"""For two processes that fit a network each; slightly more than was measured (docs/training.md)."""


def check_memory(rows: int, recipe: Recipe, available: int | None) -> None:
    """Refuse a training that will not fit into memory, before it begins.

    Args:
        rows: Number of training texts.
        recipe: Hyper-parameters.
        available: Most bytes to use; None for all that there are.

    Raises:
        DataError: The rows need more memory.
    """
    weights = recipe.input_size * recipe.hidden_size
    needed = _BASE_BYTES + _BYTES_PER_ROW * rows + _BYTES_PER_WEIGHT * weights
    if available is not None and needed > available:
        raise DataError(
            f"Training on {rows:,} texts needs about {needed / 1e9:.1f} GB of memory; --memory-max "
            f"(trainer_memory_max) is {available / 1e9:.1f} GB: raise it, or give fewer texts or a smaller "
            "--input-size or --hidden-size."
        )


def peak_memory_bytes() -> int:
    """Return the largest resident size so far of this process or of one that it started and waited for."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(one).ru_maxrss for one in who)
    return peak if sys.platform == "darwin" else peak * 1024


def return_free_memory() -> None:
    """Give back to the system what the C library keeps for later, where there is such a function (glibc)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
