"""Filter: a list that may be given as a string."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

DOCUMENTATION = r"""
name: as_list
short_description: Read a list that may be given as a string
version_added: "1.0.0"
author: ml-workshop
description: Return the elements of a list, or of the strings C(a, b) and C([a, b]).
options:
  _input:
    description: A list or a string.
    type: raw
    required: true
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ 'a, b' | ml_workshop.workshop.as_list }}"
"""

RETURN = r"""
_value:
  description: The elements.
  type: list
  elements: raw
"""


def as_list(value: object) -> list[Any]:
    """Return the elements of a list, also of one that is given as a string: `a, b` or `[a, b]`."""
    return value if isinstance(value, list) else re.findall(r"[^][,\"'\s]+", str(value))


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it by name."""
        return {"as_list": as_list}
