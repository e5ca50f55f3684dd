"""Each phase of a role runs alone, by its tag: it uses no result of a task that its tag leaves out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).parents[3] / "roles"
PHASES = ("preflight", "install", "configure", "run")
CASES = [(role.name, phase) for role in sorted(ROLES.iterdir()) if role.is_dir() for phase in PHASES]


def tasks(file: Path, tags: set[str], conditions: str = "") -> Iterator[tuple[set[str], str, dict[str, Any]]]:
    """Every task of a file and of the files that it imports, with its tags and the text of its conditions."""
    for task in yaml.safe_load(file.read_text()) or []:
        yield from inner(file, task, tags, conditions)


def inner(
    file: Path, task: dict[str, Any], tags: set[str], conditions: str
) -> Iterator[tuple[set[str], str, dict[str, Any]]]:
    tags = tags | set(task.get("tags", []))
    conditions += str(task.get("when", ""))
    for block in ("block", "rescue", "always"):
        for each in task.get(block, []):
            yield from inner(file, each, tags, conditions)
    imported = task.get("ansible.builtin.import_tasks") or task.get("ansible.builtin.include_tasks")
    if imported:
        name = imported["file"] if isinstance(imported, dict) else imported
        if "{{" not in name:
            yield from tasks(file.parent / name, tags, conditions)
    yield (
        tags,
        conditions,
        {name: value for name, value in task.items() if name not in ("block", "rescue", "always")},
    )


def made(task: dict[str, Any]) -> set[str]:
    return {task["register"]} if "register" in task else set()


@pytest.mark.parametrize(("role", "phase"), CASES)
def test_phase_uses_no_result_of_another_one(role: str, phase: str) -> None:
    every = list(tasks(ROLES / role / "tasks/main.yml", set()))
    alone = [task for tags, _, task in every if f"{role}_{phase}" in tags]
    missing = {name for _, _, task in every for name in made(task)} - {
        name for task in alone for name in made(task)
    }
    variables = yaml.safe_load((ROLES / role / "vars/main.yml").read_text()) or {}
    for _ in variables:  # what is made of a missing result is missing, too
        missing |= {name for name, value in variables.items() if unguarded(str(value), missing)}
    for task in alone:
        assert unguarded(str(task), missing) == set(), task.get("name")


def unguarded(text: str, names: set[str]) -> set[str]:
    """Return the names that a text uses without `default` or `is defined`."""
    return {
        name
        for name in names
        if re.search(rf"(?<!\w){name}(?!\w)(?![\w.\[\]']* \| default)", text)
        and not re.search(rf"{name} is (not )?defined", text)
    }


@pytest.mark.parametrize("role", sorted({role for role, _ in CASES}))
def test_no_result_hides_a_variable(role: str) -> None:
    variables = yaml.safe_load((ROLES / role / "vars/main.yml").read_text()) or {}
    every = tasks(ROLES / role / "tasks/main.yml", set())
    assert {name for _, _, task in every for name in made(task)} & variables.keys() == set()
