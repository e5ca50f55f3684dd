"""Filter: a mapping that may be given as a string."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: as_dict
short_description: Read a mapping that may be given as JSON
version_added: "1.0.0"
author: ml-workshop
description: Return a mapping, or the mapping that a string is in JSON; fail for anything else.
options:
  _input:
    description: A mapping or a string.
    type: raw
    required: true
  name:
    description: Name of the variable, for the error message.
    type: str
    default: A value
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ '{\"a\": 1}' | ml_workshop.workshop.as_dict }}"
"""

RETURN = r"""
_value:
  description: The mapping.
  type: dict
"""


def parse_dict(value: object) -> dict[str, Any] | None:
    """Return a mapping, or the mapping that a string is in JSON; None for anything else."""
    try:
        value = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return dict(value) if isinstance(value, Mapping) else None


def as_dict(value: object, name: str = "A value") -> dict[str, Any]:
    """Return a mapping, or the mapping that a string is in JSON.

    Raises:
        ValueError: It is anything else; without its value, which may be secret.
    """
    mapping = parse_dict(value)
    if mapping is None:
        raise ValueError(f"{name} is not a mapping; set it in a file of variables, or by -e in JSON.")
    return mapping


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it by name."""
        return {"as_dict": as_dict}
