"""Alerting and recording rules, their promtool tests, and the runbook of each alert."""

import re
import subprocess
from pathlib import Path
from typing import Any

import generate
import pytest
import yaml
from workshop_monitoring.alerts.monitoring import EXPECTED_JOBS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
RULES = ROOT / "monitoring" / "rules"
TESTS = generate.rule_tests()
RUNBOOKS = ROOT / "docs" / "runbooks"


def rules() -> list[dict[str, Any]]:
    groups = [group for file in RULES.glob("*.yml") for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def run(*command: str | Path) -> str:
    """Output of a program; fails when the program does."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def run_rule_tests(promtool: Path, directory: Path, tests: dict[str, str]) -> None:
    """Run test files next to the directory of rules that they refer to."""
    (directory / "rule_tests").mkdir()
    for name, text in tests.items():
        (directory / "rule_tests" / name).write_text(text)
    run(promtool, "test", "rules", *(directory / "rule_tests").iterdir())


ALERTS = [
    pytest.param(rule, id=f"{rule['alert']}-{rule['labels']['severity']}")
    for rule in rules()
    if "alert" in rule
]


def test_promtool_accepts_every_rule_file(promtool: Path) -> None:
    files = sorted(RULES.glob("*.yml"))
    assert run(promtool, "check", "rules", *files).count("SUCCESS") == len(files) > 0


@pytest.mark.parametrize("name", TESTS)
def test_rules_pass_their_tests(promtool: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "rules").symlink_to(RULES)
    run_rule_tests(promtool, tmp_path, {name: TESTS[name]})


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_is_tested_firing_and_not_firing(alert: dict[str, Any]) -> None:
    checks = [
        check
        for text in TESTS.values()
        for test in yaml.safe_load(text)["tests"]
        for check in test.get("alert_rule_test", [])
        if check["alertname"] == alert["alert"]
    ]
    fired = [expected["exp_labels"]["severity"] for check in checks for expected in check["exp_alerts"]]
    assert alert["labels"]["severity"] in fired
    assert alert["alert"] == "Watchdog" or any(not check["exp_alerts"] for check in checks)


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_has_a_summary_a_description_and_links(alert: dict[str, Any]) -> None:
    annotations = alert["annotations"]
    assert alert["labels"]["severity"] in ("page", "ticket", "none")
    assert annotations.keys() == {"summary", "description", "runbook_url", "dashboard_url"}
    assert not annotations["summary"].endswith("."), "a headline"
    assert annotations["description"].endswith(".")
    assert annotations["runbook_url"].endswith(f"/{alert['alert']}.md")


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"} == alerts
    assert set(re.findall(r"\]\((\w+)\.md\)", (RUNBOOKS / "README.md").read_text())) == alerts


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("[A-Z]*[a-z].md")), ids=lambda page: page.stem)
def test_runbook_has_its_sections(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == ["What it means", "Look first", "Then"]


def test_jobs_must_have_targets_but_for_optional_ones() -> None:
    site = yaml.safe_load((ROOT / "group_vars" / "all" / "roles.yml").read_text())
    jobs = {job["job_name"] for job in site["__scrape_configs"]}
    assert set(EXPECTED_JOBS) == jobs - {"api_keys", "certificate", "load_test"}


def test_new_objectives_change_rules_and_their_tests(
    tmp_path: Path, promtool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("slo.yml", "alerting.yml"):
        text = (ROOT / "monitoring" / name).read_text()
        for old, new in (("99.9", "99.5"), ("0.05\n", "0.1\n"), ("window: 30d", "window: 28d")):
            text = text.replace(old, new)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(generate, "SOURCES", tmp_path)
    monkeypatch.setattr(generate, "HERE", tmp_path)
    generate.write()
    availability = (tmp_path / "rules" / "slo-availability.yml").read_text()
    assert "> 13.44 * 0.005" in availability
    assert "slo:sli_error:ratio_rate28d" in availability
    assert 'le="0.1"' in (tmp_path / "rules" / "slo-latency.yml").read_text()
    tests = {name: text for name, text in generate.rule_tests().items() if name.startswith("slo-")}
    run_rule_tests(promtool, tmp_path, tests)
