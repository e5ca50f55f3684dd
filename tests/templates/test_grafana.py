"""Files of the role grafana; the fake of the tests, which is strict, accepts them."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from .conftest import ROOT

Render = Callable[..., str]
Evaluate = Callable[..., Any]
Errors = Callable[..., list[str]]

FAKE = Path(__file__).parents[1] / "fakes" / "fake_grafana" / "grafana.py"
PASSWORD = {"grafana_admin_password": "correct-horse-battery"}


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The fake's module, reading provisioning from `tmp_path`."""
    monkeypatch.setenv("GF_PATHS_PROVISIONING", str(tmp_path / "provisioning"))
    monkeypatch.setenv("GF_PATHS_DATA", str(tmp_path))
    spec = importlib.util.spec_from_file_location("fake_grafana", FAKE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def provisioned(render: Render, tmp_path: Path) -> Path:
    """Files of the role, with one dashboard."""
    for kind in ("datasources", "dashboards"):
        directory = tmp_path / "provisioning" / kind
        directory.mkdir(parents=True)
        (directory / "ml-workshop.yml").write_text(
            render("grafana", f"{kind}.yml.j2", __grafana_config_dir=str(tmp_path))
        )
    (tmp_path / "dashboards").mkdir()
    panel = {"title": "Rate", "datasource": {"uid": "prometheus"}}
    (tmp_path / "dashboards" / "one.json").write_text(
        json.dumps({"uid": "one", "title": "One", "panels": [panel]})
    )
    return tmp_path


def test_data_source_has_a_fixed_uid(render: Render) -> None:
    text = render("grafana", "datasources.yml.j2", grafana_prometheus_url="http://10.0.0.5:9090")
    (source,) = yaml.safe_load(text)["datasources"]
    assert source["uid"] == "prometheus"
    assert source["url"] == "http://10.0.0.5:9090"
    assert source["isDefault"] is True
    assert source["editable"] is False


def test_it_logs_in_to_prometheus_with_a_password_from_a_file(render: Render) -> None:
    text = render("grafana", "datasources.yml.j2", grafana_prometheus_login='{"monitoring": "correct-horse"}')
    (source,) = yaml.safe_load(text)["datasources"]
    assert (source["basicAuth"], source["basicAuthUser"]) == (True, "monitoring")
    assert source["secureJsonData"] == {
        "basicAuthPassword": "$__file{/etc/ml-workshop/grafana/prometheus_password}"
    }


def test_it_verifies_the_certificate_of_prometheus(render: Render, evaluate: Evaluate) -> None:
    files = {
        "grafana_prometheus_ca_file": "/ca.crt",
        "grafana_prometheus_login": {"monitoring": "correct-horse"},
    }
    (source,) = yaml.safe_load(render("grafana", "datasources.yml.j2", **files))["datasources"]
    assert source["jsonData"] == {
        "httpMethod": "POST",
        "prometheusType": "Prometheus",
        "tlsAuthWithCACert": True,
        "serverName": "localhost",
    }
    assert source["secureJsonData"]["tlsCACert"] == "$__file{/etc/ml-workshop/grafana/ca.crt}"
    assert set(source["secureJsonData"]) == {"tlsCACert", "basicAuthPassword"}
    assert evaluate("grafana", "__grafana_local_url", grafana_tls_certificate="x") == "https://127.0.0.1:3000"


def test_dashboards_cannot_be_changed_or_deleted_by_hand(render: Render) -> None:
    (provider,) = yaml.safe_load(render("grafana", "dashboards.yml.j2"))["providers"]
    assert provider["allowUiUpdates"] is False
    assert provider["disableDeletion"] is False, "a dashboard that is no longer provisioned goes away"
    assert provider["options"]["path"] == "/etc/ml-workshop/grafana/dashboards"


def test_fake_takes_what_the_role_writes(provisioned: Path, fake: ModuleType) -> None:
    sources = fake.read_data_sources()
    assert list(sources) == ["prometheus"]
    assert list(fake.read_dashboards(sources)) == ["one"]


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("provisioning/datasources/ml-workshop.yml", "apiVersion: [", "while parsing"),
        ("provisioning/datasources/ml-workshop.yml", "datasources: []", "apiVersion is not 1"),
        (
            "provisioning/datasources/ml-workshop.yml",
            "{apiVersion: 1, datasources: [{name: P, uid: p, access: proxy, url: 'http://a'}]}",
            "lacks type",
        ),
        (
            "provisioning/datasources/ml-workshop.yml",
            "{apiVersion: 1, datasources: [{name: P, type: p, uid: p, access: proxy, url: 'a:9090'}]}",
            "not an HTTP address",
        ),
        (
            "provisioning/dashboards/ml-workshop.yml",
            "{apiVersion: 1, providers: [{name: m, type: file, options: {path: /nowhere}}]}",
            "has no directory",
        ),
        ("dashboards/two.json", "{", "Expecting property name"),
        ("dashboards/two.json", '{"uid": "two", "title": "Two"}', "lacks panels"),
        (
            "dashboards/two.json",
            '{"uid": "one", "title": "T", "panels": [{}]}',
            "another dashboard has uid one",
        ),
        (
            "dashboards/two.json",
            '{"uid": "two", "title": "T", "panels": [{"datasource": {"uid": "loki"}}]}',
            "unknown data source loki",
        ),
    ],
)
def test_fake_refuses_what_grafana_could_not_use(
    provisioned: Path, fake: ModuleType, file: str, text: str, reason: str
) -> None:
    (provisioned / file).write_text(text)
    with pytest.raises(fake.ProvisioningError, match=reason):
        fake.read_dashboards(fake.read_data_sources())


def test_fake_refuses_to_run_unconfined(provisioned: Path) -> None:
    result = subprocess.run(
        [sys.executable, FAKE, "server"], capture_output=True, text=True, check=False, timeout=30
    )
    assert result.returncode == 1
    assert "fake-grafana: runs as uid" in result.stderr or "has a writable root" in result.stderr


def test_fake_keeps_its_first_password_until_it_is_reset(tmp_path: Path, fake: ModuleType) -> None:
    passwords = fake.Passwords(tmp_path)
    assert not passwords.is_set()
    passwords.store("first")
    assert passwords.check("first")
    assert not passwords.check("second")
    subprocess.run(
        [sys.executable, FAKE, "cli", "admin", "reset-admin-password", "--password-from-stdin"],
        input="second",
        text=True,
        check=True,
        env=os.environ | {"GF_PATHS_DATA": str(tmp_path)},
    )
    assert passwords.check("second")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, None),
        ({"grafana_admin_password": "eleven-char"}, "12 or more characters"),
        ({"grafana_admin_password": ""}, "12 or more characters"),
        ({"grafana_image": "docker.io/grafana/grafana"}, "set it to name:tag"),
        ({"grafana_image": "registry.example:5000/grafana"}, "set it to name:tag"),
        ({"grafana_image": "registry.example:5000/grafana:12.3.1"}, None),
        ({"grafana_web_listen_address": "3000"}, "host:port"),
    ],
)
def test_variables_that_cannot_work_are_named(
    errors: Errors, variables: dict[str, str], words: str | None
) -> None:
    found = errors("grafana", **PASSWORD | variables)
    assert len(found) == (words is not None)
    assert all(words and words in error for error in found)


def test_no_error_shows_a_password(errors: Errors) -> None:
    (error,) = errors("grafana", grafana_admin_password="hunter2")  # noqa: S106
    assert "hunter2" not in error


@pytest.mark.parametrize(
    ("image", "short"),
    [
        ("docker.io/grafana/grafana:12.3.1", "grafana/grafana:12.3.1"),
        ("docker.io/library/grafana:1", "grafana:1"),
        ("fake-grafana:test", "fake-grafana:test"),
    ],
)
def test_archives_are_searched_for_the_short_name(evaluate: Evaluate, image: str, short: str) -> None:
    assert evaluate("grafana", "__grafana_short_image", grafana_image=image) == short


@pytest.mark.parametrize(
    ("version", "found", "packages"),
    [
        ("12", [], ["docker.io"]),
        ("13", [], ["docker.io", "docker-cli"]),
        ("13", ["engine"], ["docker-cli"]),
        ("13", ["engine", "client"], []),
    ],
)
def test_command_line_of_docker_is_installed(
    evaluate: Evaluate, version: str, found: list[str], packages: list[str]
) -> None:
    install = yaml.safe_load((ROOT / "roles/grafana/tasks/install.yml").read_text())[0]
    names = evaluate(
        "grafana",
        install["vars"]["common_packages_names"].strip("{} \n"),
        ansible_facts={"distribution": "Debian", "distribution_version": version},
        __grafana_docker={"stdout_lines": found},
    )
    assert names == ["python3-requests", *packages]


def test_home_is_a_file_that_the_container_sees(evaluate: Evaluate) -> None:
    home = "__grafana_home_path"
    assert evaluate("grafana", home, grafana_home_dashboard="home.json") == (
        "/etc/ml-workshop/grafana/dashboards/home.json"
    )
    assert evaluate("grafana", home) == ""
