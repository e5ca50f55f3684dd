"""Files of prometheus and node_exporter, rendered for a site, and the unit of alertmanager."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Render = Callable[..., str]
Evaluate = Callable[..., Any]
Errors = Callable[..., list[str]]

X86 = {"ansible_facts": {"architecture": "x86_64"}}
INFERENCE = {
    "job_name": "inference",
    "static_configs": [{"targets": ["10.0.0.10:8000"], "labels": {"instance": "instance-a"}}],
}
UNITS = [
    pytest.param(role, {f"{role}_install_method": method}, id=f"{role}-{method}")
    for role in ("prometheus", "node_exporter", "alertmanager")
    for method in ("archive", "package")
]


def config(render: Render, **variables: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(render("prometheus", "prometheus.yml.j2", **variables))
    return loaded


def test_scrape_configs_arrive_unchanged(render: Render) -> None:
    assert config(render, prometheus_scrape_configs=[INFERENCE])["scrape_configs"] == [INFERENCE]


def test_empty_configuration_is_valid(render: Render) -> None:
    empty = config(render)
    assert empty["scrape_configs"] == []
    assert empty["alerting"] == {"alertmanagers": []}
    assert empty["global"]["external_labels"] == {}


@pytest.mark.parametrize(
    "value", ["a: b", "# no comment", "{{ braces }}", "yes", "1e3", 'quote " and \\', "ä\n"]
)
def test_no_value_breaks_the_yaml(render: Render, value: str) -> None:
    assert config(render, prometheus_external_labels={"site": value})["global"]["external_labels"] == {
        "site": value
    }


def test_rules_are_read_where_they_are_written(render: Render) -> None:
    assert config(render)["rule_files"] == ["/etc/ml-workshop/prometheus/rules/*.yml"]


def test_alerts_go_to_the_alertmanagers(render: Render) -> None:
    alerting = config(render, prometheus_alertmanagers=["localhost:9093"])["alerting"]
    assert alerting == {"alertmanagers": [{"static_configs": [{"targets": ["localhost:9093"]}]}]}


def test_consoles_and_public_address_are_options_if_set(render: Render) -> None:
    def options(**variables: str) -> list[str]:
        unit = render("prometheus", "prometheus.service.j2", **variables)
        return [line.strip(" \\") for line in unit.splitlines() if "--web." in line]

    assert options() == ["--web.listen-address=0.0.0.0:9090"]
    given = options(prometheus_consoles_dir="consoles", prometheus_web_external_url="http://watch:9090")
    assert given == [
        "--web.console.templates=/etc/ml-workshop/prometheus/consoles",
        "--web.console.libraries=/etc/ml-workshop/prometheus/consoles",
        "--web.external-url=http://watch:9090",
        "--web.listen-address=0.0.0.0:9090",
    ]


def test_intervals_are_global(render: Render) -> None:
    intervals = config(render, prometheus_scrape_interval="5s", prometheus_scrape_timeout="4s")["global"]
    assert (intervals["scrape_interval"], intervals["scrape_timeout"]) == ("5s", "4s")


@pytest.mark.parametrize(
    ("size", "option"), [("", ""), ("10GB", "--storage.tsdb.retention.size=10GB")], ids=["no limit", "limit"]
)
def test_retention(render: Render, size: str, option: str) -> None:
    unit = render(
        "prometheus",
        "prometheus.service.j2",
        prometheus_retention_time="90d",
        prometheus_retention_size=size,
    )
    assert "--storage.tsdb.retention.time=90d" in unit
    assert option in unit
    assert unit.count("retention.size") == bool(size)
    assert not any(line.strip() == "\\" for line in unit.splitlines()), "an empty line ends a command"


def test_programs_come_from_the_package_or_from_the_release(render: Render) -> None:
    def command(role: str, method: str) -> str:
        unit = render(role, f"{role}.service.j2", **{f"{role}_install_method": method})
        return next(
            line.split("=")[1].split()[0] for line in unit.splitlines() if line.startswith("ExecStart=")
        )

    assert command("prometheus", "package") == "/usr/bin/prometheus"
    assert command("prometheus", "archive") == "/opt/ml-workshop/prometheus/current/prometheus"
    assert command("node_exporter", "package") == "/usr/bin/prometheus-node-exporter"
    assert command("node_exporter", "archive") == "/opt/ml-workshop/node_exporter/current/node_exporter"
    assert command("alertmanager", "package") == "/usr/bin/prometheus-alertmanager"
    assert command("alertmanager", "archive") == "/opt/ml-workshop/alertmanager/current/alertmanager"


@pytest.mark.parametrize("role", ["prometheus", "node_exporter", "alertmanager"])
def test_new_release_is_a_new_address(evaluate: Evaluate, role: str) -> None:
    url = evaluate(role, f"{role}_url", **{f"{role}_version": "9.8.7"})
    assert (
        url
        == f"https://github.com/prometheus/{role}/releases/download/v9.8.7/{role}-9.8.7.linux-amd64.tar.gz"
    )


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, None),
        ({"prometheus_scrape_configs": [INFERENCE, INFERENCE]}, "a job twice"),
        ({"prometheus_scrape_configs": [{"static_configs": []}]}, "no job_name"),
        ({"prometheus_web_listen_address": "9090"}, "host:port"),
        ({"prometheus_web_listen_address": "0.0.0.0:99999"}, "from 1 to 65535"),
        ({"prometheus_retention_time": "forever"}, "a duration such as"),
        ({"ansible_facts": {"architecture": "aarch64"}}, "prometheus_install_method to package"),
        ({"ansible_facts": {"architecture": "aarch64"}, "prometheus_install_method": "package"}, None),
    ],
)
def test_variables_that_cannot_work_are_named(
    errors: Errors, variables: dict[str, Any], words: str | None
) -> None:
    found = errors("prometheus", **X86 | variables)
    assert len(found) == (words is not None)
    assert all(words and words in error and error.endswith(".") for error in found)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, None),
        ({"node_exporter_web_listen_address": "nine"}, "host:port"),
        ({"ansible_facts": {"architecture": "aarch64"}}, "node_exporter_install_method to package"),
    ],
)
def test_node_exporters_variables_that_cannot_work_are_named(
    errors: Errors, variables: dict[str, Any], words: str | None
) -> None:
    found = errors("node_exporter", **X86 | variables)
    assert len(found) == (words is not None)
    assert all(words and words in error for error in found)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing: apt-get install systemd"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("role", "variables"), UNITS)
def test_exposure_is_at_most_2(render: Render, tmp_path: Path, role: str, variables: dict[str, str]) -> None:
    unit = tmp_path / f"{role}.service"
    unit.write_text(render(role, f"{role}.service.j2", **variables))
    result = analyze("security", "--offline=true", "--threshold=20", "--no-pager", str(unit))
    assert result.returncode == 0, result.stdout.splitlines()[-1]


@pytest.mark.parametrize(("role", "variables"), UNITS)
def test_systemd_understands_every_line(
    render: Render, tmp_path: Path, role: str, variables: dict[str, str]
) -> None:
    unit = tmp_path / f"{role}.service"
    unit.write_text(render(role, f"{role}.service.j2", **variables))
    result = analyze("verify", "--man=no", str(unit))
    messages = [line for line in result.stderr.splitlines() if unit.name in line]
    assert [line for line in messages if "is not executable" not in line] == []
