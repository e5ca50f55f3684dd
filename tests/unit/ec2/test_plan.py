"""Settings, hosts, rules, costs and conflicts."""

from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, load_filters

plan = load_filters("ec2_plan")
PRICES = yaml.safe_load((ROOT / "playbooks/vars/ec2_prices.yml").read_text())


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, object]:
    key = tmp_path / "key.pub"
    key.write_text("ssh-ed25519 AAAA me\n")
    return {
        "site": "demo",
        "environment_site": "demo",
        "region": "eu-central-1",
        "environment_region": "eu-central-1",
        "instance_type": "t3.medium",
        "disk_gb": "29",
        "instances_a": "1",
        "gateway": False,
        "access_from": "",
        "clients_from": "",
        "allow_ssh_from_anywhere": False,
        "public_key": str(key),
        "expire_hours": "24",
    }


def test_the_defaults_are_right(settings: dict[str, object]) -> None:
    assert plan.settings_errors(settings) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"region": "", "environment_region": ""},
            "No region is set; set the environment variable AWS_REGION",
        ),
        (
            {"region": "eu-moon-1", "environment_region": "eu-moon-1"},
            "The region 'eu-moon-1' is unknown to boto3",
        ),
        ({"region": "eu-west-1"}, "ec2_region is 'eu-west-1', but the environment names 'eu-central-1'"),
        (
            {"site": "other"},
            "ec2_site is 'other', but the environment names 'demo'; set the environment variable EC2_SITE",
        ),
        (
            {"site": "My Site", "environment_site": "My Site"},
            "The name of the site is 'My Site'; set EC2_SITE to",
        ),
        ({"instance_type": "t4g.medium"}, "t4g.medium has an arm64 processor"),
        ({"instance_type": "c7gn.large"}, "c7gn.large has an arm64 processor"),
        ({"instances_a": "0"}, "ec2_instances_a is '0'; set it to a whole number from 1 to 9."),
        ({"instances_a": "many"}, "ec2_instances_a is 'many'"),
        ({"disk_gb": "8"}, "ec2_disk_gb is '8'; set it to a whole number from 20"),
        ({"expire_hours": "-1"}, "ec2_expire_hours is '-1'"),
        ({"access_from": "10.0.0.1/33"}, "ec2_access_from: '10.0.0.1/33' is not an IPv4 network"),
        ({"access_from": "10.0.0.1/24"}, "has host bits set); set ec2_access_from to networks such as"),
        ({"access_from": ["2001:db8::/32"]}, "ec2_access_from: '2001:db8::/32' is not an IPv4 network"),
        ({"clients_from": "everyone"}, "ec2_clients_from: 'everyone' is not an IPv4 network"),
        ({"access_from": "0.0.0.0/0"}, "ec2_access_from opens SSH to the whole internet (0.0.0.0/0)"),
        ({"public_key": "/nowhere.pub"}, "The public key /nowhere.pub does not exist; create a key pair"),
        ({"public_key": str(ROOT / "LICENSE")}, "LICENSE is not a public key of type ssh-ed25519 or ssh-rsa"),
    ],
)
def test_a_wrong_setting_is_explained(
    settings: dict[str, object], change: dict[str, object], sentence: str
) -> None:
    errors = plan.settings_errors(settings | change)
    assert len(errors) == 1
    assert sentence in errors[0]


def test_the_whole_internet_may_be_let_in_explicitly(settings: dict[str, object]) -> None:
    change = {"access_from": "0.0.0.0/0", "clients_from": "0.0.0.0/0", "allow_ssh_from_anywhere": True}
    assert plan.settings_errors(settings | change) == []


def test_gpu_instances_are_no_arm(settings: dict[str, object]) -> None:
    assert plan.settings_errors(settings | {"instance_type": "g5.xlarge"}) == []


def test_several_serving_hosts_and_a_gateway(settings: dict[str, object]) -> None:
    hosts = plan.hosts(settings | {"instances_a": "3", "gateway": True})
    assert [(host["name"], host["role"]) for host in hosts] == [
        ("instance-a", "instance_a"),
        ("instance-a2", "instance_a"),
        ("instance-a3", "instance_a"),
        ("instance-b", "instance_b"),
        ("gateway-1", "gateway"),
    ]
    assert hosts[0]["instance_name"] == "demo-instance-a"


def test_rules_come_from_networks_and_groups() -> None:
    access = [
        {"hosts": ["instance_a", "instance_b"], "ports": ["22"], "from": ["operators"]},
        {"hosts": ["instance_a"], "ports": [8000], "from": ["operators", "clients", "gateway"]},
        {"hosts": ["instance_a"], "ports": [9100], "from": ["instance_b"]},
        {"hosts": ["instance_b"], "ports": [9090], "from": ["operators"]},
    ]
    networks = {"operators": ["192.0.2.1/32"], "clients": ["192.0.2.1/32", "198.51.100.0/24"]}
    rules = plan.rules(access, "instance_a", networks, {"instance_b": "sg-b"})
    assert [(rule.get("cidr_ip") or rule["group_id"], rule["from_port"]) for rule in rules] == [
        ("192.0.2.1/32", 22),
        ("192.0.2.1/32", 8000),
        ("198.51.100.0/24", 8000),  # the operator's own address is not named twice
        ("sg-b", 9100),  # there is no gateway
    ]


def test_costs(settings: dict[str, object]) -> None:
    (line,) = plan.cost_lines(plan.hosts(settings), settings, PRICES)
    # 2 * (0.048 + 0.005) + 2 * 29 * 0.0952 / 730
    assert "about 0.11 USD per hour, 83 USD per month; stopped: 6 USD per month (estimate" in line
    (line,) = plan.cost_lines(plan.hosts(settings), settings | {"instance_type": "x2.huge"}, PRICES)
    assert line.startswith("cost: no estimate for x2.huge in eu-central-1")


def instance(name: str, **more: object) -> dict[str, object]:
    tags = {"Project": "ml-workshop", "Site": "demo", "Name": name}
    return {"instance_id": "i-1", "instance_type": "t3.medium", "tags": tags} | more


@pytest.mark.parametrize(
    ("existing", "sentence"),
    [
        (
            instance("demo-instance-a", tags={"Name": "demo-instance-a"}),
            "does not have the tags of this site",
        ),
        (
            instance("demo-instance-a2"),
            "The site has demo-instance-a2 (i-1), which the settings do not describe",
        ),
        (
            instance("demo-instance-a", instance_type="t3.large"),
            "is a t3.large; set ec2_instance_type to that",
        ),
    ],
)
def test_conflicts(settings: dict[str, object], existing: dict[str, object], sentence: str) -> None:
    (conflict,) = plan.instance_conflicts([existing], settings)
    assert sentence in conflict
    assert plan.instance_conflicts([instance("demo-instance-a")], settings) == []


def test_a_key_pair_with_another_key_is_a_conflict() -> None:
    pairs = [{"key_name": "demo", "public_key": "ssh-ed25519 AAAA comment"}]
    assert plan.key_conflicts(pairs, "ssh-ed25519 AAAA other comment") == []
    assert (
        "The key pair demo in EC2 holds another public key"
        in plan.key_conflicts(pairs, "ssh-ed25519 BBBB")[0]
    )
