"""The lists of files in CONTRIBUTING.md are complete and correct."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
SCENARIOS = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))
DASHBOARDS = sorted(path.stem for path in ROOT.glob("monitoring/dashboards/*.json"))
EXTRAS = ("train", "serve", "loadtest", "signing")


def listed(heading: str, **names: str) -> set[str]:
    """Return the files that a list names, with the placeholders replaced."""
    section = TEXT.split(f"### {heading}\n")[1].split("\n#")[0]
    files = re.findall(r"^- `([^`]+)`: ", section, re.MULTILINE)
    assert files
    for placeholder, name in names.items():
        files = [file.replace(placeholder, name) for file in files]
    return set(files)


def missing(heading: str, **names: str) -> set[str]:
    return {file for file in listed(heading, **names) if not (ROOT / file).exists()}


def files_with(text: str) -> set[str]:
    """Return the files of the repository that contain a text; tests may use any part as an example."""
    run = subprocess.run(
        ["git", "grep", "--files-with-matches", "--fixed-strings", text, "--", ":!tests", ":!molecule"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


def alerts() -> list[tuple[str, str]]:
    """Return every alert that is not made from an objective, with its component."""
    found = []
    for file in sorted((ROOT / "monitoring/rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            found += [(rule["alert"], file.stem) for rule in group["rules"] if "alert" in rule]
    return [(alert, component) for alert, component in found if not component.startswith("slo-")]


@pytest.mark.parametrize(("alert", "component"), alerts())
def test_an_alert_has_the_listed_files(alert: str, component: str) -> None:
    files = listed("Add an alert", ALERT=alert, COMPONENT=component)
    assert missing("Add an alert", ALERT=alert, COMPONENT=component) == set()
    assert files <= files_with(alert) | {f"docs/runbooks/{alert}.md"}


def test_an_alert_needs_no_other_file() -> None:
    files = listed("Add an alert", ALERT="HostMemoryLow", COMPONENT="hosts")
    assert files_with("HostMemoryLow") - files == {"docs/runbooks/InferenceDown.md"}  # a cross-reference


@pytest.mark.parametrize("dashboard", DASHBOARDS)
def test_a_dashboard_has_the_listed_files(dashboard: str) -> None:
    module, json_file = sorted(
        listed("Add a panel", DASHBOARD=dashboard), key=lambda file: file.endswith(".json")
    )
    assert (ROOT / module.replace(dashboard, dashboard.replace("-", "_"))).exists()
    assert json.loads((ROOT / json_file).read_text())["panels"]


def test_a_panel_needs_no_other_file() -> None:
    assert files_with("CPU saturation") == listed("Add a panel", DASHBOARD="hosts")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_the_listed_files(role: str) -> None:
    assert missing("Add a role", ROLE=role) == set()


@pytest.mark.parametrize("role", ROLES)
def test_modules_and_filters_are_in_plugins(role: str) -> None:
    kinds = ("library", "module_utils", "filter_plugins")
    assert [kind for kind in kinds if (ROOT / "roles" / role / kind).exists()] == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_has_the_listed_files(scenario: str) -> None:
    assert missing("Add a scenario", SCENARIO=scenario) == set()


def test_the_workflow_runs_every_scenario() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert workflow["jobs"]["molecule"]["strategy"]["matrix"]["scenario"] == SCENARIOS


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_dependency_is_in_the_listed_files(extra: str) -> None:
    project, names, lock = sorted(
        listed("Add a dependency", EXTRA=extra), key=lambda file: (".t" in file[-4:], file)
    )

    def distributions(lines: list[str]) -> set[str]:
        found = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines)
        return {match[0].lower().replace("_", "-") for match in found if match}

    wanted = distributions((ROOT / names).read_text().splitlines())
    ranges = tomllib.loads((ROOT / project).read_text())["project"]["optional-dependencies"][extra]
    assert distributions(ranges) == wanted
    assert wanted <= distributions((ROOT / lock).read_text().splitlines())


def test_the_glossary_has_twenty_terms_in_order() -> None:
    terms = re.findall(r"^\| ([^|]+) \|", TEXT.split("## Glossary")[1], re.MULTILINE)[1:]
    assert len(terms) == 20
    assert terms == sorted(terms, key=str.lower)
