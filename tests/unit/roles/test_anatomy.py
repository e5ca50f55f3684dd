"""Every role is built alike, and documents exactly the variables that it has."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(path for path in (Path(__file__).parents[3] / "roles").iterdir() if path.is_dir())
#: The names in a call of packages.yml: up to the next line that is not indented as deep.
PACKAGES = r"common_packages_names:(?: >-\n(?: {6}.*\n)+| .*\n)"
PHASES = ("preflight", "install", "configure", "run")


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text()) if path.exists() else None


@pytest.fixture(params=ROLES, ids=lambda role: role.name)
def role(request: pytest.FixtureRequest) -> Path:
    return request.param


def options(role: Path) -> dict[str, dict[str, Any]]:
    return read(role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})


def test_specs_name_the_variables_of_defaults_and_no_others(role: Path) -> None:
    defaults = read(role / "defaults/main.yml") or {}
    documented = options(role)
    without_default = {name for name, option in documented.items() if option.get("required")}
    assert set(documented) - without_default == set(defaults)


def test_specs_repeat_no_other_default_than_the_real_one(role: Path) -> None:
    defaults = read(role / "defaults/main.yml") or {}
    for name, option in options(role).items():
        if "default" in option:
            assert option["default"] == defaults[name], name


def test_every_variable_has_a_type_and_a_description(role: Path) -> None:
    for name, option in options(role).items():
        assert option.get("type"), name
        assert option.get("description"), name


def test_public_variables_carry_the_role_s_name(role: Path) -> None:
    assert all(name.startswith(f"{role.name}_") for name in read(role / "defaults/main.yml") or {})


def test_internal_variables_are_marked_as_such(role: Path) -> None:
    assert all(name.startswith(f"__{role.name}_") for name in read(role / "vars/main.yml") or {})


def test_every_default_is_explained(role: Path) -> None:
    """Each variable, or each group of variables, has a comment above it."""
    explained = False
    for line in (role / "defaults/main.yml").read_text().splitlines():
        if not line.strip():
            explained = False
        elif line.startswith("#"):
            explained = True
        elif line[0].isalpha():
            assert explained, f"{role.name}: {line}"


def test_main_is_a_table_of_contents_with_a_tag_per_phase(role: Path) -> None:
    for task in read(role / "tasks/main.yml"):
        file = task.get("ansible.builtin.import_tasks") or task.get("ansible.builtin.include_tasks")
        assert file, f"{role.name}: {task.get('name')} is not an import"
        phase = Path(file["file"] if isinstance(file, dict) else file).stem
        assert phase.split("_")[0] in PHASES, phase
        assert f"{role.name}_{phase.split('_')[0]}" in task["tags"]


def test_templates_contain_ansible_managed(role: Path) -> None:
    for template in (role / "templates").rglob("*.j2"):
        assert "ansible_managed" in template.read_text().splitlines()[0], template


def test_readme_fits_on_one_screen(role: Path) -> None:
    text = (role / "README.md").read_text()
    assert 5 <= len(text.partition("## Variables")[0].splitlines()) <= 60


def test_tables_of_variables_are_current() -> None:
    run = subprocess.run(
        [sys.executable, ROLES[0].parents[1] / "tools/role_tables.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_packages_are_installed_by_the_role_common(role: Path) -> None:
    """It waits for other processes that hold apt's locks, as the first boot of a cloud image does."""
    calls = [path.name for path in role.rglob("tasks/*.yml") if "ansible.builtin.apt:" in path.read_text()]
    assert calls == (["packages.yml"] if role.name == "common" else [])


def test_packages_are_in_the_table_of_supported_systems(role: Path) -> None:
    table = (Path(__file__).parents[3] / "docs/architecture.md").read_text()
    tasks = "\n".join(path.read_text() for path in role.rglob("tasks/*.yml"))
    lists = re.findall(r"(?<!\w)\[([a-z0-9.,' -]+)\]", "".join(re.findall(PACKAGES, tasks)))
    names = {name.strip("' ") for found in lists for name in found.split(",")}
    names |= set((read(role / "defaults/main.yml") or {}).get("common_packages", []))
    rows = "\n".join(line for line in table.splitlines() if line.startswith("|"))
    assert {name for name in names if not re.search(rf"\b{re.escape(name)}\b", rows)} == set()
