"""Files of prometheus and node_exporter, rendered for a site."""

from collections.abc import Callable
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
        ({"prometheus_scrape_interval": "banana"}, "a duration such as"),
        ({"prometheus_retention_time": "forever"}, "a duration such as"),
    ],
)
def test_variables_that_cannot_work_are_named(
    errors: Errors, variables: dict[str, Any], words: str | None
) -> None:
    found = errors("prometheus", **X86 | variables)
    assert len(found) == (words is not None)
    assert all(words and words in error and error.endswith(".") for error in found)


@pytest.mark.parametrize("role", ["prometheus", "node_exporter", "alertmanager"])
@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("web_listen_address", "9090", "host:port"),
        ("web_listen_address", "0.0.0.0:99999", "from 1 to 65535"),
        ("logins", {"monitoring": "short"}, "12 or more characters"),
    ],
)
def test_values_that_no_server_can_use_are_named(
    errors: Errors, role: str, variable: str, value: Any, words: str
) -> None:
    (error,) = errors(role, **X86, **{f"{role}_{variable}": value})
    assert words in error


@pytest.mark.parametrize("role", ["prometheus", "node_exporter", "alertmanager"])
def test_releases_are_for_x86_64(errors: Errors, role: str) -> None:
    arm = {"ansible_facts": {"architecture": "aarch64"}}
    (error,) = errors(role, **arm)
    assert f"{role}_install_method to package" in error
    assert errors(role, **arm, **{f"{role}_install_method": "package"}) == []
