"""Render a role's template through Ansible's own templar, without a host.

The variables are the role's defaults and vars, then what the test gives: as on a host, but in milliseconds.
"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def _plugins() -> None:
    init_plugin_loader([str(ROOT / "collections")])


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which needs no running systemd to verify or rate a unit."""
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing: apt-get install systemd"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def role_variables(role: str) -> dict[str, Any]:
    loader = DataLoader()
    variables: dict[str, Any] = {
        "ansible_managed": "Managed by a test",
        "role_path": str(ROOT / "roles" / role),
    }
    for kind in ("defaults", "vars"):
        file = ROOT / "roles" / role / kind / "main.yml"
        if file.exists():
            variables |= loader.load_from_file(str(file), trusted_as_template=True) or {}
    return variables


@pytest.fixture
def render() -> Callable[..., str]:
    def _render(role: str, template: str, **variables: Any) -> str:
        """Render roles/<role>/templates/<template>; undefined variables fail as they would on a host."""
        path = ROOT / "roles" / role / "templates" / template
        loader = DataLoader()
        loader.set_basedir(str(path.parent))
        templar = Templar(loader=loader, variables=role_variables(role) | variables)
        return templar.template(trust_as_template(f"{{{{ lookup('ansible.builtin.template', '{path}') }}}}"))

    return _render


@pytest.fixture
def evaluate() -> Callable[..., Any]:
    def _evaluate(role: str, expression: str, **variables: Any) -> Any:
        """Evaluate a Jinja expression (for example the name of a variable) with a role's variables."""
        templar = Templar(loader=DataLoader(), variables=role_variables(role) | variables)
        return templar.template(trust_as_template(f"{{{{ {expression} }}}}"))

    return _evaluate


@pytest.fixture
def errors() -> Callable[..., list[str]]:
    def _errors(role: str, **variables: Any) -> list[str]:
        """Return the errors of a role's preflight: of single variables, then of combinations."""
        common = role_variables("common") | {"common_arguments_roles": [role]}
        given = role_variables(role) | common | {"role_path": str(ROOT / "roles/common")} | variables
        templar = Templar(loader=DataLoader(), variables=given)
        found: list[str] = templar.template(trust_as_template("{{ __common_arguments_errors }}"))
        return found

    return _errors
