"""Filter: what is wrong with the values of a role's variables, given as strings or as their own type."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.ml_workshop.workshop.plugins.filter.as_dict import parse_dict
from ansible_collections.ml_workshop.workshop.plugins.filter.as_list import as_list

DOCUMENTATION = r"""
name: argument_errors
short_description: Check values against role argument specifications
version_added: "1.0.0"
author: ml-workshop
description: Return one sentence for each value that its variable cannot have. Values may be strings.
positional: _options, _constraints
options:
  _input:
    description: Values by variable; C(__unset__) for a variable that is not set.
    type: dict
    required: true
  _options:
    description: The options of meta/argument_specs.yml.
    type: dict
    required: true
  _constraints:
    description: >-
      By variable any of C(min), C(max), C(format), C(pattern) with C(expected), C(empty) (true allows an
      empty value) and C(setting) (the site's setting that the value comes from).
    type: dict
    required: true
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ {'port': '0'} | ml_workshop.workshop.argument_errors(options, constraints) }}"
  vars:
    options: {port: {type: int}}
    constraints: {port: {min: 1, max: 65535}}
"""

RETURN = r"""
_value:
  description: The sentences; an empty list when every value fits.
  type: list
  elements: str
"""

# Values of the filter `bool`, which converts all others to false.
BOOLEANS = {"true", "false", "yes", "no", "on", "off", "1", "0"}
UNSET = "__unset__"
NUMBERS = {"int": r"-?\d+", "float": r"-?(\d+\.?\d*|\.\d+)"}
PORT = r"([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])"

#: Format -> (regular expression of the whole value, what to set instead).
FORMATS = {
    "address": (rf"[^\s/]*:{PORT}", "host:port with a port from 1 to 65535, for example 0.0.0.0:9090"),
    "url": (r"https?://[^\s/]+\S*", "an address that begins with http:// or https://"),
    "path": (r"/\S*", "an absolute path without blanks"),
    "name": (r"[A-Za-z_][A-Za-z0-9_.-]*", "a name of letters, digits and _ . -"),
    "user": (
        r"[a-z_][a-z0-9_-]{0,30}",
        "a user name of small letters, digits, _ and -, for example ml-workshop",
    ),
    "sha256": (r"[0-9a-f]{64}", "64 hexadecimal digits"),
    "network": (r".*", "a network without host bits, for example 203.0.113.0/24 or 2001:db8::/32"),
    "duration": (r"(\d+(ms|[smhdwy]))+", "a duration such as 30s, 5m or 40d"),
    "timespan": (
        r"(\d+ ?(ms|s|sec|m|min|h|d|w)? ?)+|infinity",
        "a time span such as 90s, 30min or 4h",
    ),
    "disk": (r"\d+([KMGTPE]?B)", "a size such as 512MB or 10GB"),
    "memory": (
        r"\d+(\.\d+)?[KMGT%]|\d{7,}|infinity",
        "a size such as 512M or 2G, or a share such as 80%",
    ),
    "api_key": (r"[!-~]{20,}", "a key of 20 or more printable characters without blanks"),
    "password": (
        r"\S[^\n]{10,}\S",
        "a password of 12 or more characters, in one line and without blanks around it",
    ),
}


def argument_errors(
    values: Mapping[str, Any], options: Mapping[str, Any], constraints: Mapping[str, Any]
) -> list[str]:
    """Return a sentence for each value that its variable cannot have; see DOCUMENTATION."""
    errors = []
    for name, value in values.items():
        expected = "" if value == UNSET else unmet(value, options[name], constraints.get(name, {}))
        if expected:
            text = ", ".join(map(str, value)) if isinstance(value, list) else value
            shown = "has a value that cannot be used" if options[name].get("no_log") else f'is "{text}"'
            setting = constraints.get(name, {}).get("setting")
            errors.append(f"{name}{f' ({setting})' if setting else ''} {shown}; set it to {expected}.")
    return errors


def unmet(value: object, option: Mapping[str, Any], constraint: Mapping[str, Any]) -> str:
    """Return what the value should be, or an empty string when it is that."""
    kind, text = option.get("type", "str"), str(value).strip()
    if not text and constraint.get("empty"):
        return ""
    if kind == "list":
        if isinstance(value, str) and option.get("elements") == "dict":
            return "a list of mappings in a file of variables, or by -e in JSON"
        elements = as_list(value)
        element = {**option, "type": option.get("elements", "str")}
        return next((reason for each in elements if (reason := unmet(each, element, constraint))), "")
    if kind == "dict" and "format" in constraint:
        mapping = parse_dict(value)
        if mapping is None:
            return "a mapping in a file of variables, or by -e in JSON"
        return next((reason for each in mapping.values() if (reason := unmet(each, {}, constraint))), "")
    if kind == "bool":
        return "" if text.lower() in BOOLEANS else "true or false"
    if kind in NUMBERS:
        low, high = constraint.get("min"), constraint.get("max")
        ok = re.fullmatch(NUMBERS[kind], text) is not None
        ok = ok and (low is None or float(text) >= low) and (high is None or float(text) <= high)
        return "" if ok else ("a whole number" if kind == "int" else "a number") + limits(low, high)
    if kind == "str" and "choices" in option:
        return (
            "" if text in map(str, option["choices"]) else "one of " + ", ".join(map(str, option["choices"]))
        )
    default = FORMATS[constraint["format"]] if "format" in constraint else (".*", "")
    if constraint.get("format") in ("api_key", "password"):
        text = str(value)  # a blank at its end belongs to it
    fits = re.fullmatch(constraint.get("pattern", default[0]), text, re.DOTALL) is not None
    fits = fits and (constraint.get("format") != "network" or is_network(text))
    return "" if fits else constraint.get("expected", default[1])


def is_network(text: str) -> bool:
    """Return whether a text is an IPv4 or IPv6 network, or an address."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def limits(low: float | None, high: float | None) -> str:
    """Return the end of `a number ...`."""
    if high is not None:
        return f" from {low} to {high}"
    return "" if low is None else f" of {low} or more"


class FilterModule:
    """The filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it by name."""
        return {"argument_errors": argument_errors}
