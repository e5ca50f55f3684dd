"""What the load test takes from the inventory and from monitoring/slo.yml."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
INVENTORY = """
[instance_a]
first ansible_host=203.0.113.10 private_address=10.0.0.10
second ansible_host=203.0.113.11
[instance_b]
watcher ansible_host=203.0.113.20
"""
VARIABLES = ("load_test_url", "load_test_objectives", "load_test_port", "application_extras")


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Each variable of each host, as a role run by one of the playbooks would see it."""
    inventory = tmp_path_factory.mktemp("inventory") / "hosts.ini"
    inventory.write_text(INVENTORY)
    shown = "{{ {" + ", ".join(f"'{name}': {name}" for name in VARIABLES) + "} }}"
    environment = {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}
    command = ["ansible", "all", "-i", inventory, "--playbook-dir=playbooks", "-m", "debug"]
    run = subprocess.run(
        [*map(str, command), "-a", json.dumps({"msg": shown})],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    tasks = json.loads(run.stdout)["plays"][0]["tasks"]
    return {host: result["msg"] for task in tasks for host, result in task["hosts"].items()}


def test_the_pass_mark_is_the_service_level_objective(values: dict[str, dict[str, Any]]) -> None:
    slo = yaml.safe_load((ROOT / "monitoring/slo.yml").read_text())
    assert values["watcher"]["load_test_objectives"] == slo["objectives"]


def test_the_load_goes_to_the_first_serving_host_over_the_private_network(
    values: dict[str, dict[str, Any]],
) -> None:
    assert values["watcher"]["load_test_url"] == "http://10.0.0.10:8000"


def test_a_generator_on_instance_a_leaves_locust_s_port_alone(values: dict[str, dict[str, Any]]) -> None:
    assert values["watcher"]["load_test_port"] == 8089
    assert values["first"]["load_test_port"] == 8090


def test_the_generator_gets_the_load_test_and_nothing_else(values: dict[str, dict[str, Any]]) -> None:
    assert values["watcher"]["application_extras"] == ["loadtest"]
    assert values["first"]["application_extras"] == ["serve", "loadtest", "train"]
