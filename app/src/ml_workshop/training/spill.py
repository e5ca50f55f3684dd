"""Arrays on disk, for what would not fit in memory."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ml_workshop.errors import OutputError

DISK_BYTES_PER_TEXT = 8000
"""About, for reviews of 270 tokens."""


class Spill:
    """A growing one-dimensional array in a temporary file.

    The file has no name: the system frees it when the last process that has it open ends. It is read by
    preadv(2) and not mapped, so that its pages do not count as memory of the process.

    Attributes:
        size: Number of values.
    """

    def __init__(self, kind: DTypeLike, directory: Path) -> None:
        """Make an empty array.

        Args:
            kind: Type of the values.
            directory: Directory of the file.
        """
        self._kind: np.dtype[Any] = np.dtype(kind)
        self._directory = directory
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115  (as long as this object)
        self.size = 0

    def append(self, values: NDArray[Any]) -> None:
        """Add values at the end.

        Raises:
            OutputError: The disk is full.
        """
        try:
            self._file.write(np.ascontiguousarray(values, self._kind).data)
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{self._directory} cannot be written: {error.strerror or error}; training needs about "
                f"{DISK_BYTES_PER_TEXT // 1000} KB of disk for each text."
            ) from error
        self.size += values.size

    def read(self, begin: int, end: int) -> NDArray[Any]:
        """Return the values from `begin` up to `end`."""
        return self.read_many([(begin, end)])

    def read_many(self, ranges: list[tuple[int, int]]) -> NDArray[Any]:
        """Return the values of several ranges, one after the other."""
        size, file = self._kind.itemsize, self._file.fileno()
        values = np.empty(sum(end - begin for begin, end in ranges), self._kind)
        buffer, place = values.view(np.uint8).data, 0
        for begin, end in ranges:
            length = (end - begin) * size
            os.preadv(file, [buffer[place : place + length]], begin * size)
            place += length
        return values
