import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..role_module import load_file

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
hosts = load_file(ROOT / "lab/hosts.py")


@pytest.fixture
def read_inventory(tmp_path: Path) -> Any:
    """Return what Ansible reads for a number of serving hosts."""
    shutil.copy(ROOT / "inventory/lab/hosts.yml", tmp_path)

    def read(count: str) -> dict[str, Any]:
        hosts.write(tmp_path / "more_hosts.yml", count)
        listed = subprocess.run(
            ["ansible-inventory", "-i", str(tmp_path), "--list"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "WARNING" not in listed.stderr
        return json.loads(listed.stdout)

    return read


def published(listed: dict[str, Any]) -> list[str]:
    variables = listed["_meta"]["hostvars"].values()
    ports = [port for host in variables for port in host["lab_published_ports"]]
    return [port if port.count(":") == 2 else f"127.0.0.1:{port}" for port in ports]


def test_three_serving_hosts_have_a_gateway(read_inventory: Any) -> None:
    listed = read_inventory("3")
    assert listed["instance_a"]["hosts"] == ["instance-a", "instance-a2", "instance-a3"]
    assert listed["gateway"]["hosts"] == ["gateway-1"]
    variables = listed["_meta"]["hostvars"]
    assert variables["gateway-1"]["lab_published_ports"] == ["127.0.0.1:8000:8000", "127.0.0.1:8443:8443"]
    addresses = [variables[name]["public_address"] for name in listed["instance_a"]["hosts"]]
    assert addresses == ["127.0.0.2", "127.0.0.3", "127.0.0.4"]


def test_no_port_is_published_twice(read_inventory: Any) -> None:
    ports = published(read_inventory("9"))
    assert len(ports) == len(set(ports))
    assert "127.0.0.1:8089:8089" in ports


def test_one_serving_host_has_no_gateway(read_inventory: Any) -> None:
    read_inventory("3")
    listed = read_inventory("1")
    assert listed["instance_a"]["hosts"] == ["instance-a"]
    assert "gateway" not in listed


def test_no_count_keeps_the_hosts(read_inventory: Any) -> None:
    assert "gateway" not in read_inventory("")
    read_inventory("2")
    assert read_inventory("")["instance_a"]["hosts"] == ["instance-a", "instance-a2"]


@pytest.mark.parametrize("count", ["0", "-1", "10", "two", "1.5"])
def test_bad_count_is_refused(tmp_path: Path, count: str) -> None:
    with pytest.raises(SystemExit, match=f"LAB_INFERENCE_HOSTS is '{count}'; set it to"):
        hosts.write(tmp_path / "more_hosts.yml", count)
