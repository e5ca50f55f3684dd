"""Reading safetensors files into memory maps.

The safetensors package copies what it reads; a map is shared by all processes that serve the same file.
Format: https://github.com/huggingface/safetensors#format
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_workshop.errors import ModelError

_TYPES: dict[str, np.dtype[np.generic]] = {"F32": np.dtype("<f4"), "I64": np.dtype("<i8")}
_MAX_HEADER = 1 << 20


def map_tensors(path: Path) -> dict[str, NDArray[np.generic]]:
    """Map the tensors of a file into memory, read-only.

    Args:
        path: A safetensors file with tensors of type F32 and I64.

    Returns:
        The tensors by name.

    Raises:
        ModelError: The file is missing, truncated or not a safetensors file.
    """
    try:
        raw = np.memmap(path, dtype=np.uint8, mode="r").view(np.ndarray)  # plain arrays slice faster
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}.") from error
    try:
        header_size = int(raw[:8].view("<u8")[0])
        if not 2 <= header_size <= min(_MAX_HEADER, len(raw) - 8):
            raise ValueError("its header does not fit")
        header = json.loads(raw[8 : 8 + header_size].tobytes())
        header.pop("__metadata__", None)
        data = raw[8 + header_size :]
        return {name: _view(data, entry) for name, entry in header.items()}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is not a whole safetensors file: {error}.") from error


def _view(data: NDArray[np.uint8], entry: dict[str, Any]) -> NDArray[np.generic]:
    kind = _TYPES[entry["dtype"]]
    begin, end = entry["data_offsets"]
    if not 0 <= begin <= end <= len(data) or end - begin != math.prod(entry["shape"]) * kind.itemsize:
        raise ValueError("a tensor does not fit")
    view: NDArray[np.generic] = data[begin:end].view(kind).reshape(entry["shape"])
    return view
