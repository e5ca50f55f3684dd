"""The static inventory and the table of instances."""

import subprocess
from pathlib import Path

from .conftest import ROOT, load_filters

inventory = load_filters("ec2_inventory")
AWS = (ROOT / "inventory/aws.ini").read_text()


def instance(host: str, role: str, address: str | None = "203.0.113.10") -> dict[str, object]:
    more = {"public_ip_address": address} if address else {}
    tags = {"Host": host, "Role": role, "Expires": "never"}
    return {
        "instance_id": f"i-{host}",
        "instance_type": "t3.medium",
        "state": {"name": "running"},
        "private_ip_address": "172.31.0.10",
        "tags": tags,
    } | more


SITE = [
    instance("instance-a10", "instance_a"),
    instance("instance-b", "instance_b"),
    instance("instance-a", "instance_a"),
    instance("instance-a2", "instance_a"),
    instance("gateway-1", "gateway"),
]


def write(text: str, instances: list[dict[str, object]]) -> str:
    return inventory.static_inventory(text, instances, "demo", "ubuntu", "~/.ssh/ml-workshop.pem")


def test_hosts_are_replaced_and_settings_stay() -> None:
    text = write(AWS + "dataset=sample\n", SITE)
    assert "instance-a ansible_host=203.0.113.10 private_address=172.31.0.10\ninstance-a2 " in text
    assert "ADDRESS" not in text
    assert text.rstrip().endswith("dataset=sample")
    assert text.index("instance-a2") < text.index("instance-a10")  # the first one trains


def test_ansible_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "aws.ini"
    path.write_text(write(AWS, SITE))
    listing = subprocess.run(
        ["ansible-inventory", "-i", str(path), "--graph"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "@gateway:\n  |  |--gateway-1" in listing
    assert "@instance_a:\n  |  |--instance-a\n" in listing


def test_writing_twice_is_writing_once_and_without_instances_it_is_as_before() -> None:
    once = write(AWS, SITE)
    assert write(once, SITE) == once
    assert write(once, []) == AWS


def test_a_stopped_instance_has_no_address() -> None:
    assert "instance-a ansible_host=ADDRESS_AFTER_EC2_START\n" in write(
        AWS, [instance("instance-a", "instance_a", None)]
    )


def test_addresses_filled_in_by_hand_are_detected() -> None:
    assert not inventory.holds_other_hosts(AWS)
    assert inventory.holds_other_hosts(AWS.replace("ADDRESS_OF_INSTANCE_A", "203.0.113.7"))
    assert not inventory.holds_other_hosts(write(AWS, SITE))


def test_the_table_is_aligned() -> None:
    lines = inventory.table(SITE)
    assert lines[0].startswith("host          instance")
    assert lines[1].startswith("gateway-1     i-gateway-1")
