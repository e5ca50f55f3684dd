"""slo.yml and alerting.yml: values and error messages."""

import ast
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from workshop_monitoring import slo
from workshop_monitoring.settings import Alerting, SettingsError

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "monitoring"


def test_site_objectives_load() -> None:
    availability, latency = slo.load(MONITORING / "slo.yml")
    assert (availability.id, latency.id) == ("inference-availability", "inference-latency")
    assert (latency.objective, latency.threshold_seconds) == (Decimal("99.0"), 0.05)


def test_prometheus_retention_covers_the_slo_window() -> None:
    kept = yaml.safe_load((ROOT / "roles" / "prometheus" / "defaults" / "main.yml").read_text())
    days = int(kept["prometheus_retention_time"].removesuffix("d"))
    assert days > max(objective.window_days for objective in slo.load(MONITORING / "slo.yml"))


def test_error_budget_has_no_rounding_error(tmp_path: Path) -> None:
    (tmp_path / "slo.yml").write_text((MONITORING / "slo.yml").read_text().replace("99.9", "99.95"))
    assert str(slo.load(tmp_path / "slo.yml")[0].error_budget) == "0.0005"


def test_edges_match_the_service() -> None:
    source = (ROOT / "app" / "src" / "ml_workshop" / "serving" / "metrics.py").read_text()
    edges = next(
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "SECONDS"
    )
    assert edges == slo.EDGES


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("window: 30d\n", "", "slo.yml lacks window; set it."),
        ("window: 30d", "windw: 30d", "slo.yml has the unknown key windw; did you mean window?"),
        (
            "window: 30d",
            "window: 30d\nplan: 9",
            "slo.yml has the unknown key plan; known are service, window, objectives.",
        ),
        (
            "window: 30d",
            "window: month",
            "slo.yml: window is 'month'; set it to 7 to 90 days, for example 30d.",
        ),
        (
            "service: inference",
            "service: '{job}'",
            "slo.yml: service is '{job}'; set it to the job in Prometheus",
        ),
        (
            "objective: 99.9",
            "objective: 100",
            "objective 1: objective is 100; set a percentage from 95 to below 100",
        ),
        ("objective: 99.9", "objective: 0.999", "objective 1: objective is 0.999; set a percentage from 95"),
        ("objective: 99.9", "objective: yes", "objective 1: objective is True; set a percentage from 95"),
        ("objective: 99.0", "objective: 99 %", "objective 2: objective is '99 %'; set a percentage from 95"),
        (
            "threshold_seconds: 0.05",
            "threshold_seconds: 0.04",
            "is 0.04; set one of the service's bucket edges (0.0005, ",
        ),
        (
            "threshold_seconds: 0.05",
            "",
            "slo.yml, objective 2: threshold_seconds is None; set one of the service's",
        ),
        (
            "    threshold_seconds",
            "    threshhold_seconds",
            "objective 2 has the unknown key threshhold_seconds; did you",
        ),
        (
            "objective: 99.9",
            "objective: 99.9\n    threshold_seconds: 1",
            "means nothing for availability; remove it.",
        ),
        ("name: latency", "name: speed", "objective 2: name is 'speed'; set availability or latency."),
        (
            "name: latency",
            "name: availability\n    x: 1",
            "objective 2 has the unknown key x; known are name, objective,",
        ),
        ("within 50 ms.", "within 50 ms.\n  - just text", "objective 3 has to be keys and values, such as"),
        ("  - name: availability", "  - {name: availability", "slo.yml is not YAML: "),
    ],
)
def test_invalid_slo_file_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = (MONITORING / "slo.yml").read_text()
    assert text.count(old) == 1
    (tmp_path / "slo.yml").write_text(text.replace(old, new))
    with pytest.raises(SettingsError) as raised:
        slo.load(tmp_path / "slo.yml")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "slo.yml has to be keys and values"),
        ("service: a\nwindow: 30d\nobjectives: []", "slo.yml: objectives is empty; list at least one"),
    ],
)
def test_empty_slo_file_is_an_error(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "slo.yml").write_text(text)
    with pytest.raises(SettingsError, match=sentence):
        slo.load(tmp_path / "slo.yml")


def test_duplicate_objective_is_an_error(tmp_path: Path) -> None:
    text = (MONITORING / "slo.yml").read_text()
    again = text[text.index("  - name: latency") :]
    (tmp_path / "slo.yml").write_text(text + again)
    with pytest.raises(SettingsError, match=r"slo\.yml has two objectives named latency; keep one of them\."):
        slo.load(tmp_path / "slo.yml")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("metric_files: 400", "", "alerting.yml lacks metric_files; set it."),
        (
            "metric_files: 400",
            "metric_file: 400",
            "has the unknown key metric_file; did you mean metric_files?",
        ),
        (
            "metric_files: 400",
            "metric_files: many",
            "metric_files is 'many'; set it to a whole number of 1 or more.",
        ),
        (
            "age_days: 90",
            "age_days: 0.5",
            "model_maximum_age_days is 0.5; set it to a whole number of 1 or more.",
        ),
        (
            "drift_confidence: 0.1",
            "drift_confidence: 10",
            "drift_confidence is 10; set it to a share between 0 and 1.",
        ),
        ("base_url: docs/runbooks", "base_url: 1", "runbook_base_url is 1; set it to a text."),
    ],
)
def test_invalid_alerting_file_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = (MONITORING / "alerting.yml").read_text()
    assert text.count(old) == 1
    (tmp_path / "alerting.yml").write_text(text.replace(old, new))
    with pytest.raises(SettingsError) as raised:
        Alerting.load(tmp_path / "alerting.yml")
    assert sentence in str(raised.value)


def test_generator_prints_the_error_without_a_traceback(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(MONITORING)!r}); sys.argv[1:] = ['--check']\n"
        f"import pathlib, generate; generate.SOURCES = pathlib.Path({str(tmp_path)!r}); generate.main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == (
        "monitoring/slo.yml cannot be read (No such file or directory); restore it from the repository.\n"
    )
