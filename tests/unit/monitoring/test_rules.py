"""Rules do what they promise, and whoever gets an alert is told what to do."""

import re
import subprocess
from pathlib import Path
from typing import Any

import generate
import pytest
import yaml
from workshop_monitoring.alerts.monitoring import EXPECTED_JOBS

ROOT = Path(__file__).parents[3]
RULES = ROOT / "monitoring" / "rules"
TESTS = sorted((ROOT / "monitoring" / "rule_tests").glob("*.yml"))
DASHBOARDS = {file.stem for file in (ROOT / "monitoring" / "dashboards").glob("*.json")}
RUNBOOKS = ROOT / "docs" / "runbooks"


def rules() -> list[dict[str, Any]]:
    groups = [group for file in RULES.glob("*.yml") for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = [
    pytest.param(rule, id=f"{rule['alert']}-{rule['labels']['severity']}")
    for rule in rules()
    if "alert" in rule
]


def test_promtool_accepts_every_rule_file(promtool: Path) -> None:
    files = sorted(RULES.glob("*.yml"))
    said = subprocess.run([promtool, "check", "rules", *files], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.count("SUCCESS") == len(files) > 0


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_rules_do_what_their_tests_say(promtool: Path, file: Path) -> None:
    said = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_shown_firing_and_not_firing(alert: dict[str, Any]) -> None:
    severity = alert["labels"]["severity"]
    checks = [
        check
        for file in TESTS
        for test in yaml.safe_load(file.read_text())["tests"]
        for check in test.get("alert_rule_test", [])
        if check["alertname"] == alert["alert"]
    ]
    fired = [expected["exp_labels"]["severity"] for check in checks for expected in check["exp_alerts"]]
    assert severity in fired
    assert alert["alert"] == "Watchdog" or any(not check["exp_alerts"] for check in checks)


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_is_wrong_and_where_to_look(alert: dict[str, Any]) -> None:
    said = alert["annotations"]
    assert alert["labels"]["severity"] in ("page", "ticket", "none")
    assert said.keys() == {"summary", "description", "runbook_url", "dashboard_url"}
    assert not said["summary"].endswith("."), "a headline"
    assert said["description"].endswith(".")
    assert said["runbook_url"].endswith(f"/{alert['alert']}.md")
    assert said["dashboard_url"].rpartition("/")[2] in DASHBOARDS


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    pages = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == {rule["alert"] for rule in rules() if "alert" in rule}


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("[A-Z]*[a-z].md")), ids=lambda page: page.stem)
def test_a_page_says_what_it_means_where_to_look_and_what_to_do(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == ["What it means", "Look first", "Then"]


def test_the_index_of_pages_names_them_all() -> None:
    linked = set(re.findall(r"\]\((\w+)\.md\)", (RUNBOOKS / "README.md").read_text()))
    assert linked == {rule["alert"] for rule in rules() if "alert" in rule}


def test_every_job_but_the_load_test_is_expected_to_have_targets() -> None:
    site = yaml.safe_load((ROOT / "group_vars" / "all" / "roles.yml").read_text())
    jobs = {job["job_name"] for job in site["prometheus_scrape_configs"]}
    assert set(EXPECTED_JOBS) == jobs - {"load_test"}


def test_generated_rules_are_committed() -> None:
    assert [file for file in generate.drifted() if file.parent.name in ("rules", "rule_tests")] == []


def test_another_objective_changes_rules_and_their_tests(
    tmp_path: Path, promtool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What monitoring/README.md promises: edit slo.yml, generate; everything else follows, and is tested."""
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
    files = sorted((tmp_path / "rule_tests").glob("slo-*.yml"))
    said = subprocess.run([promtool, "test", "rules", *files], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
