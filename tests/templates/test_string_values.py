"""Values of -e and of INI inventories are strings: a variable works as one, or preflight refuses it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError, AnsibleUndefinedVariable, AnsibleValueOmittedError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from .conftest import ROOT, role_variables

pytestmark = pytest.mark.slow

FACTS = {"architecture": "x86_64", "distribution": "Debian", "distribution_version": "12"}
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
REQUIRED = {"grafana_admin_password": "correct-horse-battery"}
#: Values of each type as YAML, each with the equivalent string.
VALUES = {
    "bool": ((True, "true"), (False, "false"), (False, "no")),
    "int": ((2, "2"),),
    "float": ((0.5, "0.5"),),
}
#: An invalid string for each type.
INVALID = {"bool": "maybe", "int": "many", "float": "high"}


def options(role: str) -> dict[str, dict[str, Any]]:
    text = (ROOT / "roles" / role / "meta/argument_specs.yml").read_text()
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["argument_specs"]["main"].get("options", {})
    return found


def constraints(role: str) -> dict[str, dict[str, Any]]:
    path = ROOT / "roles" / role / "meta/constraints.yml"
    return yaml.safe_load(path.read_text()) if path.exists() else {}


def named(of: Callable[[str, dict[str, Any]], bool]) -> list[Any]:
    return [
        pytest.param(role, name, id=name)
        for role in ROLES
        for name, option in options(role).items()
        if of(name, {**option, **constraints(role).get(name, {})})
    ]


def leaves(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a file of tasks or variables, with the key that it is under."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from leaves(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value, key)
    elif isinstance(node, str):
        yield key, node


def uses(role: str, name: str) -> Iterator[tuple[Path, str, str]]:
    """Every conditional, expression and template of a role that uses a variable."""
    directory = ROOT / "roles" / role
    names = {name}
    for variable, text in sorted(role_variables(role).items()) * 2:
        if any(each in str(text) for each in names):
            names.add(variable)
    files = [*directory.glob("tasks/*.yml"), *directory.glob("handlers/*.yml"), *directory.glob("vars/*.yml")]
    for path in sorted(files):
        for key, text in leaves(yaml.safe_load(path.read_text())):
            conditional = key in ("when", "that", "changed_when", "failed_when", "until")
            if (conditional or "{{" in text) and any(each in text for each in names):
                yield path, key, text
    for path in sorted(directory.glob("templates/*.j2")):
        if any(each in path.read_text() for each in names):
            yield path, "template", f"{{{{ lookup('ansible.builtin.template', '{path}') }}}}"


def result(role: str, key: str, text: str, values: dict[str, Any]) -> Any:
    """Return the value of a use as Ansible evaluates it; None if it depends on the result of a task."""
    given = role_variables(role) | {"ansible_facts": FACTS, "ansible_check_mode": False} | values
    templar = Templar(loader=DataLoader(), variables=given)
    try:
        if "{{" not in text:
            return templar.evaluate_conditional(trust_as_template(text))
        made = templar.template(trust_as_template(text))
    except (AnsibleUndefinedVariable, AnsibleValueOmittedError):
        return None
    except AnsibleError as error:
        if "ndefined" in str(error) or "could not be found" in str(error):
            return None
        raise
    return str(made).lower() if key != "template" else made


@pytest.mark.parametrize(("role", "name"), named(lambda name, option: option["type"] in VALUES))
def test_string_works_as_the_value_does(role: str, name: str) -> None:
    kind = options(role)[name]["type"]
    default = options(role)[name].get("default")
    for value, string in (*VALUES[kind], *([(default, str(default))] if kind != "bool" else [])):
        for path, key, text in uses(role, name):
            assert result(role, key, text, {name: string}) == result(role, key, text, {name: value}), (
                f"{path.relative_to(ROOT)}: {text} with {name}={string!r}"
            )


@pytest.mark.parametrize(("role", "name"), named(lambda name, option: option.get("elements") == "str"))
def test_list_works_as_a_string(role: str, name: str) -> None:
    value = options(role)[name].get("default") or ["one.example:1", "two.example:2"]
    for string in (",".join(value), "[" + ", ".join(value) + "]"):
        for path, key, text in uses(role, name):
            assert result(role, key, text, {name: string}) == result(role, key, text, {name: value}), (
                f"{path.relative_to(ROOT)}: {text} with {name}={string!r}"
            )


@pytest.mark.parametrize(
    ("role", "name"),
    named(
        lambda name, option: (
            option["type"] in INVALID or bool({"choices", "format", "pattern"} & option.keys())
        )
    ),
)
def test_invalid_string_is_one_sentence(errors: Callable[..., list[str]], role: str, name: str) -> None:
    value = INVALID.get(options(role)[name]["type"], "no /")
    found = [error for error in errors(role, ansible_facts=FACTS, **{name: value}) if error.startswith(name)]
    assert len(found) == 1
    assert "; set it to " in found[0]
    assert "\n" not in found[0]


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_valid(errors: Callable[..., list[str]], role: str) -> None:
    assert errors(role, ansible_facts=FACTS, **REQUIRED) == []


@pytest.mark.parametrize(
    "repository",
    [
        "dir:///",
        "dir:///etc",
        "dir:///etc/registry",
        "dir:///var",
        "dir:///var/lib",
        "dir:///var/lib/",
        "dir:///opt",
        "dir:///srv/../etc",
        "dir:///srv/./registry",
        "dir:///srv//registry",
        "dir:///srv/registry/",
        "dir:///tmp/registry",
        "dir:///var/tmp/registry",
        "dir:///home/ubuntu/registry",
        "dir:///root/registry",
        "dir:///run/registry",
        "dir:///usr/registry",
        "dir:///lib64/x",
        "dir://srv/registry",
        "hf://name",
        "s3://bucket",
        "",
        "dir:///srv/my registry",
    ],
)
def test_directory_that_is_not_a_repository_s_own_is_refused(
    errors: Callable[..., list[str]], repository: str
) -> None:
    (error,) = errors("trainer", trainer_model_repo=repository)
    assert error.startswith("trainer_model_repo (model_repo) is ")


@pytest.mark.parametrize(
    "repository",
    [
        "dir:///var/lib/ml-workshop/registry",
        "dir:///srv/registry",
        "dir:///mnt/efs/a.b",
        "hf://me/model",
    ],
)
def test_directory_of_its_own_is_accepted(errors: Callable[..., list[str]], repository: str) -> None:
    assert errors("trainer", trainer_model_repo=repository) == []
