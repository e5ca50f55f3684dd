"""Load Python files that are in no package, and run modules of the collection as on a host."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

ROLES = Path(__file__).parents[2] / "roles"


def load_file(path: Path) -> ModuleType:
    """Import a Python file that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


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
