"""Run the modules of a role in this process, as Ansible would on a host."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

ROLES = Path(__file__).parents[2] / "roles"


def _load(name: str, path: Path) -> ModuleType:
    locations = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=locations)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_modules(role: str) -> dict[str, ModuleType]:
    """Load a role's modules, its module_utils at the place that Ansible gives them; return them by name."""
    shared = ROLES / role / "module_utils" / role / "__init__.py"
    if shared.exists():
        _load(f"ansible.module_utils.{role}", shared)
    return {path.stem: _load(path.stem, path) for path in (ROLES / role / "library").glob("*.py")}


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
