"""Modules accept exactly the options that they document."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

MODULES = sorted((Path(__file__).parents[2] / "plugins/modules").glob("*.py"))


def read_documentation(module: Path) -> dict[str, Any]:
    """Read the documentation as ansible-doc does: constants of the module."""
    found = {}
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            name = getattr(node.targets[0], "id", "")
            if name in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
                found[name] = yaml.safe_load(str(node.value.value))
    return found


def argument_spec(module: Path) -> dict[str, Any]:
    """Read the literal that AnsibleModule is given."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "argument_spec":
            return ast.literal_eval(node.value)
    raise AssertionError(f"{module} has no argument_spec")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_documentation_and_arguments_agree(module: Path) -> None:
    options = read_documentation(module)["DOCUMENTATION"]["options"]
    spec = {
        name: {k: v for k, v in option.items() if k != "no_log"}
        for name, option in argument_spec(module).items()
    }
    documented = {
        name: {k: v for k, v in option.items() if k != "description"} for name, option in options.items()
    }
    assert documented == spec


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_examples_use_documented_options(module: Path) -> None:
    documentation = read_documentation(module)
    assert documentation["RETURN"]
    for task in documentation["EXAMPLES"]:
        assert (
            task[f"ml_workshop.workshop.{module.stem}"].keys()
            <= documentation["DOCUMENTATION"]["options"].keys()
        )
