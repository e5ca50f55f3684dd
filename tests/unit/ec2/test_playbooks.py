"""The playbooks against moto: what goes wrong is explained, and a second run changes nothing."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import Account

pytestmark = pytest.mark.slow

IMAGE = "ami-0123456789abcdef0"
SITE = {"Project": "ml-workshop", "Site": "ml-workshop"}


def instances(account: Account, site: str = "ml-workshop") -> dict[str, str]:
    """Return the ids of a site's instances by the name of the host."""
    states = {"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}
    found = account.client().describe_instances(Filters=[{"Name": "tag:Site", "Values": [site]}, states])
    return {
        next(tag["Value"] for tag in instance["Tags"] if tag["Key"] == "Host"): instance["InstanceId"]
        for reservation in found["Reservations"]
        for instance in reservation["Instances"]
    }


def resources(account: Account, site: str) -> set[str]:
    """Return the ids of everything that has the tag of the site."""
    client, filters = account.client(), [{"Name": "tag:Site", "Values": [site]}]
    return {
        *instances(account, site).values(),
        *(volume["VolumeId"] for volume in client.describe_volumes(Filters=filters)["Volumes"]),
        *(group["GroupId"] for group in client.describe_security_groups(Filters=filters)["SecurityGroups"]),
        *(pair["KeyPairId"] for pair in client.describe_key_pairs(Filters=filters)["KeyPairs"]),
    }


def run_instance(account: Account, **more: object) -> str:
    """Start an instance that does not belong to the site."""
    client = account.client()
    client.create_key_pair(KeyName="theirs")
    started = client.run_instances(
        ImageId=IMAGE, MinCount=1, MaxCount=1, InstanceType="t3.medium", KeyName="theirs", **more
    )
    return str(started["Instances"][0]["InstanceId"])


def tags(**values: str) -> list[dict[str, object]]:
    return [
        {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in values.items()]}
    ]


def test_create_again_stop_start_and_destroy(account: Account) -> None:
    assert "failed=0" in account.run("create")
    made = resources(account, "ml-workshop")
    assert set(instances(account)) == {"instance-a", "instance-b"}
    assert len(made) == 2 + 2 + 2 + 1  # instances, volumes, groups, key pair

    assert "changed=0" in account.run("create")
    assert "2 of 2 exist" in account.run("create")
    assert "instance-a  i-" in account.run("status").replace("    ", "  ").replace("   ", "  ")

    account.run("stop")
    static = Path(account.settings["ec2_inventory_file"])
    assert "ADDRESS_AFTER_EC2_START" in static.read_text()
    account.run("start")
    assert "ADDRESS" not in static.read_text()
    assert resources(account, "ml-workshop") == made

    assert "Nothing was removed" in account.run_failing("destroy")
    assert "Nothing was removed" in account.run_failing("destroy", ec2_destroy_confirm="another")
    account.run("destroy", ec2_destroy_confirm="ml-workshop")
    assert resources(account, "ml-workshop") == set()
    assert "changed=0" in account.run("destroy")


def test_instances_are_made_as_described(account: Account) -> None:
    account.run(
        "create", ec2_instances_a="3", ec2_access_from="192.0.2.1/32", ec2_clients_from="198.51.100.0/24"
    )
    made = instances(account)
    assert set(made) == {"instance-a", "instance-a2", "instance-a3", "instance-b", "gateway-1"}
    client = account.client()
    instance = client.describe_instances(InstanceIds=[made["gateway-1"]])["Reservations"][0]["Instances"][0]
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["ImageId"] == IMAGE  # the newest
    volume = client.describe_volumes(VolumeIds=[instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])[
        "Volumes"
    ][0]
    assert (volume["Size"], volume["VolumeType"], volume["Encrypted"]) == (29, "gp3", True)
    groups = {group["GroupName"]: group for group in client.describe_security_groups()["SecurityGroups"]}
    from_clients = {
        name
        for name, group in groups.items()
        for permission in group["IpPermissions"]
        if "198.51.100.0/24" in [network["CidrIp"] for network in permission["IpRanges"]]
    }
    assert from_clients == {"ml-workshop-gateway"}  # clients reach the gateway host only
    graphs = {account.graph() for _ in range(10)}
    assert len(graphs) == 1
    graph = graphs.pop()
    assert "@trainer:\n  |  |--instance-a\n" in graph
    assert "--instance-a3\n" in graph and "{private_address = " in graph


def test_two_sites_do_not_touch_each_other(account: Account) -> None:
    account.run("create", {"EC2_SITE": "one"}, ec2_expire_hours="0")
    account.run("create", {"EC2_SITE": "two"}, ec2_expire_hours="0")
    two = resources(account, "two")
    account.run("destroy", {"EC2_SITE": "one"}, ec2_destroy_confirm="one")
    assert resources(account, "one") == set()
    assert resources(account, "two") == two


def test_an_interrupted_creation_is_completed(account: Account) -> None:
    account.fail("RunInstances", "VcpuLimitExceeded", skip=1)
    sentence = account.run_failing("create")
    assert "The account's quota of vCPUs is used up" in sentence
    assert "they cost money: run the same command again" in sentence
    first = instances(account)
    assert set(first) == {"instance-a"}
    account.post("/fake/faults", [])
    account.run("create")
    assert set(instances(account)) == {"instance-a", "instance-b"}
    assert instances(account)["instance-a"] == first["instance-a"]


def test_an_interrupted_destruction_is_completed(account: Account) -> None:
    account.run("create")
    account.fail("DeleteKeyPair", "UnauthorizedOperation", times=1)
    assert "run playbooks/ec2_destroy.yml again" in account.run_failing(
        "destroy", ec2_destroy_confirm="ml-workshop"
    )
    account.run("destroy", ec2_destroy_confirm="ml-workshop")
    assert resources(account, "ml-workshop") == set()


NO_CREDENTIALS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}


@pytest.mark.parametrize(
    ("environment", "fault", "settings", "sentence"),
    [
        (NO_CREDENTIALS, None, {}, "There are no AWS credentials; set AWS_ACCESS_KEY_ID"),
        ({}, ("GetCallerIdentity", "ExpiredToken"), {}, "The AWS credentials have expired; get new ones"),
        (
            {},
            ("GetCallerIdentity", "InvalidClientTokenId"),
            {},
            "AWS does not accept the credentials; check AWS_ACCESS_KEY_ID",
        ),
        ({"AWS_REGION": None}, None, {}, "No region is set; set the environment variable AWS_REGION"),
        ({}, None, {"ec2_access_from": "192.0.2.1/33"}, "'192.0.2.1/33' is not an IPv4 network"),
        (
            {},
            None,
            {"ec2_address_service": "http://127.0.0.1:1/"},
            "set ec2_access_from to the network that you connect from",
        ),
        (
            {},
            None,
            {"ec2_subnet_id": "subnet-1"},
            "The subnet subnet-1 does not exist in eu-central-1; set ec2_subnet_id",
        ),
        (
            {},
            None,
            {"ec2_image_owner": "210987654321"},
            "No image of the account 210987654321 in eu-central-1 matches",
        ),
        (
            {},
            ("RunInstances", "InvalidAMIID.NotFound"),
            {},
            "The image does not exist in this region; set ec2_image_owner",
        ),
        ({}, None, {"ec2_instance_type": "t3.enormous"}, "set ec2_instance_type to another one (t3.medium)"),
    ],
)
def test_bad_input_at_creation_is_explained(
    account: Account,
    environment: dict[str, str | None],
    fault: tuple[str, str] | None,
    settings: dict[str, str],
    sentence: str,
) -> None:
    if fault:
        account.fail(*fault)
    assert sentence in account.run_failing("create", environment, **settings)
    assert instances(account) == {}


def test_no_default_vpc(account: Account) -> None:
    client = account.client()
    for subnet in client.describe_subnets()["Subnets"]:
        client.delete_subnet(SubnetId=subnet["SubnetId"])
    assert "The account has no default VPC in eu-central-1; set ec2_subnet_id" in account.run_failing(
        "create"
    )


def test_conflicts_with_what_others_made(account: Account) -> None:
    client = account.client()
    identity = run_instance(account, TagSpecifications=tags(Name="ml-workshop-instance-a"))
    client.create_key_pair(KeyName="ml-workshop", KeyType="ed25519")
    sentence = account.run_failing("create")
    assert f"The instance {identity} is named ml-workshop-instance-a, but does not have the tags" in sentence
    assert "The key pair ml-workshop in EC2 holds another public key than ec2_public_key" in sentence


def test_addresses_filled_in_by_hand_are_kept(account: Account) -> None:
    static = Path(account.settings["ec2_inventory_file"])
    static.write_text("[instance_a]\nmine ansible_host=203.0.113.1\n")
    assert "holds hosts that these playbooks did not write; set ec2_inventory_file" in account.run_failing(
        "create"
    )
    assert "mine ansible_host" in static.read_text()


def test_termination_protection(account: Account) -> None:
    identity = run_instance(account, TagSpecifications=tags(**SITE, Host="instance-a"))
    account.client().modify_instance_attribute(InstanceId=identity, DisableApiTermination={"Value": True})
    sentence = account.run_failing("destroy", ec2_destroy_confirm="ml-workshop")
    assert "Termination protection is on for instance-a; run playbooks/ec2_create.yml" in sentence
    assert instances(account) != {}


@pytest.mark.parametrize("playbook", ["stop", "start"])
def test_there_is_nothing_to_stop_or_start(account: Account, playbook: str) -> None:
    assert "There are no instances of the site ml-workshop in eu-central-1" in account.run_failing(playbook)


@pytest.mark.skipif("EC2_SLOW" not in os.environ, reason="30 runs; set EC2_SLOW=1")
def test_ten_sites_side_by_side(account: Account) -> None:
    def run_all(playbook: str, sites: list[str]) -> None:
        def run(site: str) -> None:
            own = {"ec2_inventory_file": str(account.directory / f"{site}.ini"), "ec2_destroy_confirm": site}
            account.run(playbook, {"EC2_SITE": site}, **own)

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(run, sites))

    sites = [f"site-{number}" for number in range(10)]
    run_all("create", sites)
    made = {site: resources(account, site) for site in sites}
    assert all(len(made[site]) == 7 for site in sites)
    run_all("destroy", sites[:1])
    assert resources(account, sites[0]) == set()
    run_all("create", sites[:1])
    assert resources(account, sites[0]).isdisjoint(made[sites[0]])
    assert {site: resources(account, site) for site in sites[1:]} == {site: made[site] for site in sites[1:]}
    run_all("destroy", sites)
    assert not any(resources(account, site) for site in sites)
