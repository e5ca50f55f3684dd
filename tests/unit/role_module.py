"""Run modules of the collection in this process, as Ansible would on a host."""

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

ROLES = Path(__file__).parents[2] / "roles"


def load_module(name: str) -> ModuleType:
    """Import a module of plugins/modules (pyproject.toml puts collections/ on Python's path)."""
    return importlib.import_module(f"ansible_collections.ml_workshop.workshop.plugins.modules.{name}")


def run_module(
    module: ModuleType, capsys: pytest.CaptureFixture[str], check: bool, parameters: dict[str, Any]
) -> dict[str, Any]:
    """Run a module with --diff and these parameters; return its result."""
    capsys.readouterr()
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in parameters.items()}
    arguments = plain | {"_ansible_check_mode": check, "_ansible_diff": True}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        module.main()
    return json.loads(capsys.readouterr().out)
