"""docs/aws-policy.json: with it all playbooks pass, and nothing in it is superfluous."""

import json
import os

import pytest

from .conftest import ROOT, Account

pytestmark = pytest.mark.slow

POLICY = json.loads((ROOT / "docs/aws-policy.json").read_text())
ALLOWED = {action for statement in POLICY["Statement"] for action in statement["Action"]}
RELAXED = {
    "HttpTokens": "optional",
    "HttpEndpoint": "enabled",
    "HttpPutResponseHopLimit": 1,
    "HttpProtocolIpv6": "disabled",
    "InstanceMetadataTags": "disabled",
}
CONFIRM = {"ec2_destroy_confirm": "ml-workshop"}


class User:
    """A user of the account with nothing but the policy."""

    def __init__(self, account: Account) -> None:
        self.account, self.iam = account, account.client("iam")
        self.administrate()
        self.iam.create_user(UserName="student")
        key = self.iam.create_access_key(UserName="student")["AccessKey"]
        account.environment["AWS_ACCESS_KEY_ID"] = key["AccessKeyId"]
        account.environment["AWS_SECRET_ACCESS_KEY"] = key["SecretAccessKey"]

    def administrate(self) -> None:
        """Let requests pass unchecked, as those of an administrator."""
        self.account.post("/moto-api/reset-auth", "1000000")

    def allow(self, actions: set[str]) -> None:
        """Check requests from now on."""
        self.administrate()
        document = {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"},
        }
        self.iam.put_user_policy(UserName="student", PolicyName="site", PolicyDocument=json.dumps(document))
        self.account.post("/fake/actions")
        self.account.post("/moto-api/reset-auth", "0")

    def drift(self) -> None:
        """Change what the playbooks made, so that they have to put everything right."""
        self.administrate()
        client = self.account.client()
        (instance, *_) = [
            item for found in client.describe_instances()["Reservations"] for item in found["Instances"]
        ]
        client.modify_instance_metadata_options(InstanceId=instance["InstanceId"], **RELAXED)
        client.delete_tags(Resources=[instance["InstanceId"]], Tags=[{"Key": "ManagedBy"}])
        client.modify_instance_attribute(
            InstanceId=instance["InstanceId"], DisableApiTermination={"Value": True}
        )
        (group,) = [
            found
            for found in client.describe_security_groups()["SecurityGroups"]
            if found["GroupName"] == "ml-workshop-instance_b"
        ]
        rule = {"IpProtocol": "tcp", "FromPort": 9090, "ToPort": 9090}
        client.update_security_group_rule_descriptions_ingress(
            GroupId=group["GroupId"],
            IpPermissions=[rule | {"IpRanges": [{"CidrIp": "192.0.2.1/32", "Description": "other"}]}],
        )
        client.authorize_security_group_ingress(
            GroupId=group["GroupId"], IpPermissions=[rule | {"IpRanges": [{"CidrIp": "198.51.100.1/32"}]}]
        )

    def leave_a_volume(self) -> None:
        """Leave a volume behind, as an instance whose volume outlives it."""
        self.administrate()
        tags = [{"Key": "Project", "Value": "ml-workshop"}, {"Key": "Site", "Value": "ml-workshop"}]
        specification = [{"ResourceType": "volume", "Tags": tags}]
        self.account.client().create_volume(
            Size=1, AvailabilityZone="eu-central-1a", TagSpecifications=specification
        )

    def used(self) -> set[str]:
        """Return the actions since the last call of `allow` that want a permission."""
        actions = set(json.loads(self.account.post("/fake/actions"))) - {
            "ListAccountAliases",
            "GetCallerIdentity",
        }
        return {f"ec2:{action}" for action in actions}


@pytest.fixture
def user(account: Account) -> User:
    account.settings["ec2_access_from"] = "192.0.2.1/32"
    user = User(account)
    yield user
    user.administrate()


def test_the_policy_is_exactly_what_the_playbooks_need(user: User) -> None:
    used = set()
    for prepare, playbook, settings in (
        (None, "create", {}),
        (user.drift, "create", {}),
        (None, "status", {}),
        (None, "stop", {}),
        (None, "start", {}),
        (user.leave_a_volume, "destroy", CONFIRM),
    ):
        if prepare:
            prepare()
        user.allow(ALLOWED)
        user.account.run(playbook, **settings)
        used |= user.used()
    assert used == ALLOWED


#: Playbook -> what to do before, and the actions without which it fails, in the order in which it uses them.
NEEDED = (
    (
        "create",
        None,
        [
            "ec2:DescribeInstances",
            "ec2:DescribeSubnets",
            "ec2:DescribeImages",
            "ec2:DescribeKeyPairs",
            "ec2:ImportKeyPair",
            "ec2:DescribeSecurityGroups",
            "ec2:CreateSecurityGroup",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:RunInstances",
            "ec2:DescribeInstanceStatus",
            "ec2:DescribeInstanceAttribute",
        ],
    ),
    (
        "create",
        User.drift,
        [
            "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:CreateTags",
            "ec2:ModifyInstanceMetadataOptions",
            "ec2:ModifyInstanceAttribute",
        ],
    ),
    ("stop", None, ["ec2:StopInstances"]),
    ("start", None, ["ec2:DescribeTags", "ec2:StartInstances"]),
    (
        "destroy",
        User.leave_a_volume,
        [
            "ec2:DescribeVolumes",
            "ec2:TerminateInstances",
            "ec2:DeleteVolume",
            "ec2:DeleteSecurityGroup",
            "ec2:DeleteKeyPair",
        ],
    ),
)


def test_each_permission_is_in_the_table() -> None:
    assert {action for _, _, actions in NEEDED for action in actions} == ALLOWED


@pytest.mark.skipif("EC2_SLOW" not in os.environ, reason="29 runs; set EC2_SLOW=1")
def test_each_missing_permission_is_explained(user: User) -> None:
    for playbook, prepare, actions in NEEDED:
        if prepare:
            prepare(user)
        for action in actions:
            user.allow(ALLOWED - {action})
            sentence = user.account.run_failing(playbook, **CONFIRM)
            print(f"{playbook} without {action}: {sentence}")
            assert "give the user the policy of docs/aws.md" in sentence
        user.allow(ALLOWED)
        user.account.run(playbook, **CONFIRM)
