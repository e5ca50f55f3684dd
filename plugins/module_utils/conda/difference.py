"""Compare installed with required packages, for `--diff` and for the module's return values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

from .prefix import Package


class Actions(TypedDict):
    """Package names by what happens to them, each list sorted."""

    install: list[str]
    change: list[str]
    remove: list[str]
    repair: list[str]


def actions(before: Mapping[str, Package], after: Mapping[str, Package], damaged: Iterable[str]) -> Actions:
    """Sort the packages into what will happen to them. A damaged package that stays is repaired."""
    both = before.keys() & after.keys()
    changed = {name for name in both if not before[name].same_archive(after[name])}
    repaired = {name for name in damaged if name in after and name not in changed}
    return Actions(
        install=sorted(after.keys() - before.keys() - repaired),
        change=sorted(changed),
        remove=sorted(before.keys() - after.keys()),
        repair=sorted(repaired),
    )


def listing(packages: Mapping[str, Package], damage: Mapping[str, str]) -> str:
    """List packages one to a line, as `name version build channel`, with a remark behind a damaged one."""
    lines = {name: f"{p.name} {p.version} {p.build} {p.channel}".rstrip() for name, p in packages.items()}
    for name, what in damage.items():
        lines[name] = f"{lines.get(name, name)}  # damaged: {what}"
    return "".join(f"{lines[name]}\n" for name in sorted(lines))
