"""Variables that group_vars computes from an inventory for the roles."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SEVERAL = """
[instance_a]
first ansible_host=203.0.113.10 private_address=10.0.0.10
second ansible_host=203.0.113.11
[instance_b]
watcher ansible_host=203.0.113.20
"""
ROLES_WITH_AN_ADDRESS = ("prometheus", "alertmanager", "grafana", "node_exporter")
ONE_MACHINE = """
[instance_a]
box ansible_host=203.0.113.10
[instance_b]
box
"""


@pytest.fixture
def value(tmp_path: Path):
    def _value(inventory: str | Path, host: str, variable: str) -> Any:
        """Render a variable for a host, as a role run by one of the playbooks would see it."""
        if isinstance(inventory, str):
            (tmp_path / "hosts.ini").write_text(inventory)
            inventory = tmp_path / "hosts.ini"
        run = subprocess.run(
            [
                "ansible",
                host,
                f"--inventory={inventory}",
                "--playbook-dir=playbooks",
                "-mdebug",
                f"-avar={variable}",
            ],
            cwd=ROOT,
            env=os.environ
            | {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return json.loads(run.stdout)["plays"][0]["tasks"][0]["hosts"][host][variable]

    return _value


def targets(scrape_configs: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {
        job["job_name"]: [target for config in job["static_configs"] for target in config["targets"]]
        for job in scrape_configs
    }


def test_prometheus_scrapes_every_host_of_the_inventory(value) -> None:
    assert targets(value(SEVERAL, "watcher", "prometheus_scrape_configs")) == {
        "prometheus": ["localhost:9090"],
        "alertmanager": ["localhost:9093"],
        "gateway": ["10.0.0.10:8405", "203.0.113.11:8405"],
        "inference": ["10.0.0.10:8405", "203.0.113.11:8405"] * 2,
        "certificate": [],
        "api_keys": [],
        "locust": ["10.0.0.10:8089", "203.0.113.11:8089"],
        "load_test": ["203.0.113.20:8089"],
        "node_exporter": ["10.0.0.10:9100", "203.0.113.11:9100", "203.0.113.20:9100"],
    }


def test_gateway_host_has_every_serving_host_and_gets_the_load(value) -> None:
    inventory = SEVERAL + "\n[gateway]\nfront ansible_host=203.0.113.30\n[all:vars]\ninference_port=8001\n"
    assert value(inventory, "front", "gateway_servers") == [
        {"name": "first", "address": "10.0.0.10:8001"},
        {"name": "second", "address": "203.0.113.11:8001"},
    ]
    assert value(inventory, "watcher", "load_test_url") == "http://203.0.113.30:8001"
    scraped = targets(value(inventory, "watcher", "prometheus_scrape_configs"))
    assert scraped["gateway"] == ["203.0.113.30:8405", "10.0.0.10:8405", "203.0.113.11:8405"]
    assert scraped["node_exporter"][-1] == "203.0.113.30:9100"


CHANGED = """
[gateway]
front ansible_host=2001:db8::30
[all:vars]
inference_port=8001
locust_port=8091
prometheus_web_listen_address=0.0.0.0:9091
alertmanager_web_listen_address=127.0.0.1:9193
grafana_web_listen_address=[::]:3001
node_exporter_web_listen_address=0.0.0.0:9101
"""


def test_changed_port_and_ipv6_address_reach_everything_that_connects(value) -> None:
    inventory = SEVERAL.replace("10.0.0.10", "fd00::10 gateway_metrics_port=8406") + CHANGED
    assert targets(value(inventory, "watcher", "prometheus_scrape_configs")) == {
        "prometheus": ["localhost:9091"],
        "alertmanager": ["localhost:9193"],
        "gateway": ["[2001:db8::30]:8405", "[fd00::10]:8406", "203.0.113.11:8405"],
        "inference": ["[fd00::10]:8406", "203.0.113.11:8405"] * 2,
        "certificate": [],
        "api_keys": [],
        "locust": ["[fd00::10]:8091", "203.0.113.11:8091"],
        "load_test": ["203.0.113.20:8091"],
        "node_exporter": [
            *("[fd00::10]:9101", "203.0.113.11:9101", "203.0.113.20:9101", "[2001:db8::30]:9101"),
        ],
    }
    servers, urls = value(inventory, "front", "[gateway_servers,public_urls]")
    assert [server["address"] for server in servers] == ["[fd00::10]:8001", "203.0.113.11:8001"]
    assert urls == {
        "gateway": "http://[2001:db8::30]:8001",
        "gateway_tls": "https://[2001:db8::30]:443",
        "locust": "http://[2001:db8::30]:8091",
        "prometheus": "http://[2001:db8::30]:9091",
        "grafana": "http://[2001:db8::30]:3001",
    }
    others = "[load_test_port,load_test_url,locust_host,inference_prometheus_url]"
    assert value(inventory, "first", others) == [
        8092,
        *["http://[2001:db8::30]:8001"] * 2,
        "http://203.0.113.20:9091",
    ]
    assert value(inventory, "first", "inference_prometheus_instance") == "[fd00::10]:8406"
    assert value(inventory, "watcher", "grafana_prometheus_url") == "http://host.docker.internal:9091"


def test_ports_are_those_of_the_role_defaults(value) -> None:
    ports = value(SEVERAL, "watcher", "service_ports")
    for service, role, name in (
        ("gateway", "gateway", "gateway_port"),
        ("gateway_tls", "gateway", "gateway_tls_port"),
        ("gateway_metrics", "gateway", "gateway_metrics_port"),
        ("locust", "locust", "locust_port"),
        ("load_test", "load_test", "load_test_port"),
        *((role, role, f"{role}_web_listen_address") for role in ROLES_WITH_AN_ADDRESS),
    ):
        defaults = yaml.safe_load((ROOT / f"roles/{role}/defaults/main.yml").read_text())
        assert str(ports[service]) == str(defaults[name]).rpartition(":")[2], name


def test_ports_are_defined_once_outside_of_role_defaults(value) -> None:
    ports = "|".join(str(port) for port in value(SEVERAL, "watcher", "service_ports").values())
    files = [path for part in ("group_vars", "playbooks", "roles") for path in (ROOT / part).rglob("*")]
    named = {
        str(path.relative_to(ROOT))
        for path in files
        if path.suffix in (".yml", ".j2")
        and path.parent.name not in ("defaults", "meta")
        and re.search(rf"(?<![\w.-])({ports})(?![\w.-])", path.read_text())
    }
    assert named == {
        "group_vars/all/addresses.yml",
        "group_vars/all/roles.yml",  # gateway_port and gateway_metrics_port
        "roles/grafana/tasks/run.yml",  # in the container
    }


def test_one_machine_in_both_groups_is_scraped_once(value) -> None:
    scraped = targets(value(ONE_MACHINE, "box", "prometheus_scrape_configs"))
    assert scraped["node_exporter"] == ["203.0.113.10:9100"]
    assert scraped["locust"] == ["203.0.113.10:8089"]
    assert scraped["load_test"] == ["203.0.113.10:8090"], "Locust's web UI has 8089 there"


def test_firewall_opens_exporters_to_the_monitoring_host_alone(value) -> None:
    rules = value(SEVERAL, "first", "firewall_rules")
    assert {rule["port"]: rule["sources"] for rule in rules} == {
        22: ["operators"],
        8000: ["operators", "clients", "203.0.113.20"],
        8089: ["operators", "203.0.113.20"],
        8405: ["203.0.113.20"],
        9100: ["203.0.113.20"],
    }
    behind = (
        SEVERAL + "\n[gateway]\nfront ansible_host=203.0.113.30\n[load]\nmany ansible_host=203.0.113.40\n"
    )
    sources = {rule["port"]: rule["sources"] for rule in value(behind, "first", "firewall_rules")}
    assert sources[8000] == ["operators", "203.0.113.30"]
    sources = {rule["port"]: rule["sources"] for rule in value(behind, "front", "firewall_rules")}
    assert sources[8000] == ["operators", "clients", "203.0.113.20", "203.0.113.40"]


def test_acme_is_for_the_hosts_that_clients_reach(value) -> None:
    inventory = SEVERAL + "\n[all:vars]\ntls=acme\n"
    wanted = "[gateway_tls,gateway_acme_name,public_urls.gateway_tls,firewall_rules]"
    tls, name, url, rules = value(inventory, "first", wanted)
    assert (tls, name, url) == ("acme", "203.0.113.10", "https://203.0.113.10:443")
    assert {rule["port"]: rule["sources"][:2] for rule in rules}[80] == ["operators", "clients"]
    scraped = targets(value(inventory, "watcher", "prometheus_scrape_configs"))
    assert scraped["certificate"] == ["10.0.0.10:8405", "203.0.113.11:8405"]

    inventory += "acme_name=reviews.example.com\n[gateway]\nfront ansible_host=203.0.113.30\n"
    tls, name, url, rules = value(inventory, "front", wanted)
    assert (tls, name, url) == ("acme", "reviews.example.com", "https://reviews.example.com:443")
    tls, _, _, rules = value(inventory, "first", wanted)
    assert (tls, {rule["port"] for rule in rules} & {80, 443}) == ("self_signed", {443})
    scraped = targets(value(inventory, "watcher", "prometheus_scrape_configs"))
    assert scraped["certificate"] == ["203.0.113.30:8405", "10.0.0.10:8405", "203.0.113.11:8405"]


@pytest.mark.parametrize("tls", ["self_signed", "files", "acme"])
def test_with_tls_the_gateway_host_verifies_the_serving_hosts(value, tls: str) -> None:
    inventory = SEVERAL + f"\n[gateway]\nfront ansible_host=203.0.113.30\n[all:vars]\ntls={tls}\n"
    servers, authority = value(inventory, "front", "[gateway_servers,gateway_servers_ca_file]")
    assert [server["address"] for server in servers] == ["10.0.0.10:443", "203.0.113.11:443"]
    tls, directory, names = value(inventory, "first", "[gateway_tls,gateway_tls_dir,gateway_tls_names]")
    assert (tls, f"{directory}/ca.crt") == ("self_signed", authority)
    assert servers[0]["name"] in names


def test_requests_by_key_are_scraped_where_clients_connect(value) -> None:
    inventory = SEVERAL + "\n[all:vars]\napi_keys={'alice': '0123456789abcdef0123'}\n"
    keys = targets(value(inventory, "watcher", "prometheus_scrape_configs"))["api_keys"]
    assert keys == ["10.0.0.10:8405", "203.0.113.11:8405"]
    inventory += "[gateway]\nfront ansible_host=203.0.113.30\n"
    keys = targets(value(inventory, "watcher", "prometheus_scrape_configs"))["api_keys"]
    assert keys == ["203.0.113.30:8405"]


def test_with_tls_only_clients_use_https(value) -> None:
    inventory = SEVERAL + "\n[all:vars]\ntls=self_signed\ntls_only=True\n"
    wanted = "[gateway_tls_only,public_urls.gateway,load_test_url,locust_host]"
    assert value(inventory, "second", wanted) == [
        *(True, "https://203.0.113.11:443", "https://10.0.0.10:443", "https://203.0.113.11:443")
    ]
    inventory += "[gateway]\nfront ansible_host=203.0.113.30\n"
    assert value(inventory, "second", wanted) == [
        *(False, "http://203.0.113.11:8000", *["https://203.0.113.30:443"] * 2)
    ]


PAGES = [f"public_urls.{page}" for page in ("prometheus", "locust", "grafana")]
URLS = [*PAGES, "inference_prometheus_url", "grafana_prometheus_url", "prometheus_web_external_url"]
SERVERS = ("prometheus", "alertmanager", "node_exporter", "gateway_metrics", "locust", "load_test", "grafana")
CERTIFICATES, KEYS = ([f"{server}_tls_{kind}" for server in SERVERS] for kind in ("certificate", "key"))
AUTHORITIES = [
    "site_ca_file",
    *(f"{name}_ca_file" for name in ("prometheus", "grafana_prometheus", "inference_prometheus")),
]
JOBS = ["prometheus_scrape_configs", "[prometheus_alertmanager_options]"]


@pytest.mark.parametrize("tls", ["off", "self_signed", "files", "acme"])
def test_with_tls_operators_and_hosts_use_https(value, tls: str) -> None:
    wanted = "[" + ",".join(f"[{','.join(names)}]" for names in (URLS, CERTIFICATES, KEYS, AUTHORITIES)) + "]"
    wanted = f"{wanted}+[{'+'.join(JOBS)}]"
    urls, *files, jobs = value(SEVERAL + f"\n[all:vars]\ntls={tls}\n", "watcher", wanted)
    on = tls != "off"
    assert {url.partition(":")[0] for url in urls} == {"https" if on else "http"}
    names = [{file.rpartition("/tls/")[2] for file in kind} for kind in files]
    assert names == [{"watcher.crt"}, {"watcher.key"}, {"ca.crt"}] if on else [{""}] * 3
    https = {"scheme": "https", "tls_config": {"ca_file": "/etc/ml-workshop/prometheus/ca.crt"}} if on else {}
    assert [{key: job[key] for key in ("scheme", "tls_config") if key in job} for job in jobs] == [
        https
    ] * len(jobs)


def test_alerts_link_to_the_public_address_of_prometheus(value) -> None:
    assert value(SEVERAL, "watcher", "prometheus_web_external_url") == "http://203.0.113.20:9090"


def test_setting_in_the_inventory_reaches_the_roles(value) -> None:
    inventory = SEVERAL + "\n[all:vars]\nmodel_repo=hf://me/model\ndataset=/data\nmodel_revision=abc"
    assert value(inventory, "second", "inference_model_repo") == "hf://me/model"
    assert value(inventory, "first", "trainer_dataset") == "/data"
    assert value(inventory, "second", "inference_model_revision") == "abc"


def test_prometheus_logs_in_to_all_targets(value) -> None:
    logins = [job["basic_auth"] for job in value(SEVERAL, "watcher", "prometheus_scrape_configs")]
    assert {login["username"] for login in logins} == {"monitoring"}
    assert not [login for login in logins if "password" in login], "the file of the configuration has none"


def test_objectives_of_the_load_test_are_those_of_slo_yml(value) -> None:
    slo = yaml.safe_load((ROOT / "monitoring/slo.yml").read_text())
    assert value(SEVERAL, "watcher", "load_test_objectives") == slo["objectives"]


def test_load_goes_to_the_first_serving_host_over_the_private_network(value) -> None:
    assert value(SEVERAL, "watcher", "load_test_url") == "http://10.0.0.10:8000"


def test_generator_on_instance_a_uses_another_port_than_locust(value) -> None:
    assert value(SEVERAL, "watcher", "load_test_port") == 8089
    assert value(SEVERAL, "first", "load_test_port") == 8090


def test_generator_gets_the_load_test_and_nothing_else(value) -> None:
    assert value(SEVERAL, "watcher", "application_extras") == ["loadtest"]
    assert value(SEVERAL, "first", "application_extras") == ["serve", "loadtest", "train"]


def test_the_write_token_reaches_the_training_host_and_the_read_token_the_serving_hosts(
    value, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = yaml.safe_load((ROOT / "vault.example.yml").read_text())
    given = SEVERAL + "[all:vars]\n" + "".join(f"{name}={token}\n" for name, token in example.items())
    monkeypatch.setenv("HUB_TOKEN", "hf_write_environment")
    monkeypatch.setenv("HUB_READ_TOKEN", "hf_read_environment")
    for inventory, write, read in (
        (given, "hf_write", "hf_read"),
        (SEVERAL, "hf_write_environment", "hf_read_environment"),
    ):
        assert value(inventory, "first", "trainer_hub_token") == write
        assert value(inventory, "second", "trainer_hub_token") == ""
        assert value(inventory, "second", "inference_hub_token") == read
    assert value(given, "first", "trainer_signing_key") == example["model_signing_key"]
    assert value(given, "second", "trainer_signing_key") == ""
    assert value(given, "second", "inference_verify_key") == example["model_verify_key"]
    assert value(given, "second", "application_extras") == ["serve", "loadtest", "signing"]
    assert value(given, "watcher", "application_extras") == ["loadtest"]


def test_make_browser_logs_in_with_the_password_of_the_lab(value) -> None:
    secrets = yaml.safe_load((ROOT / "group_vars/all/secrets.yml").read_text())
    (variable,) = (name for name in secrets if name.endswith("admin_password_file"))
    file = Path(value(ROOT / "inventory/lab", "instance-b", variable)).resolve()
    assert str(file.relative_to(ROOT)) in (ROOT / "Makefile").read_text()


def test_documentation_lists_the_access_rules(value) -> None:
    rules = value(SEVERAL, "watcher", "access_rules")
    cells = [
        [
            rule["service"],
            rule["role"],
            ", ".join(map(str, rule["ports"])),
            ", ".join(rule["hosts"]),
            ", ".join(rule["from"]) or "the host itself",
            rule["credential"],
        ]
        for rule in rules
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in cells)
    assert table in (ROOT / "docs/security.md").read_text(), f"write into docs/security.md:\n{table}"


def test_any_password_of_the_monitoring_makes_an_api_key(value) -> None:
    inventory = ONE_MACHINE.replace("ansible_host", "monitoring_password='twelve chars' ansible_host")
    settings = '[all:vars]\napi_keys=\'{"alice": "0123456789abcdef0123"}\'\n'
    keys = value(inventory + settings, "box", "gateway_api_keys")
    assert keys["alice"] == "0123456789abcdef0123"
    assert re.fullmatch(r"[!-~]{20,}", keys["monitoring"])
    own = settings.replace("alice", "monitoring")
    assert value(inventory + own, "box", "gateway_api_keys") == {"monitoring": "0123456789abcdef0123"}
