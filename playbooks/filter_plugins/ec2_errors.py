"""Explain failures of the EC2 API: what failed, where, what to set or run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

#: A regular expression on the message -> what to do.
ADVICE = (
    (
        r"Unable to locate credentials|NoCredentials|Partial credentials",
        "There are no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "set AWS_PROFILE, or run `aws configure`.",
    ),
    (r"config profile .* could not be found", "Set AWS_PROFILE to a profile of ~/.aws/config, or unset it."),
    (
        r"ExpiredToken|RequestExpired|token .*expired|SSO session",
        "The AWS credentials have expired; get new ones (`aws sso login`, or new values of "
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN), and check this machine's clock.",
    ),
    (
        r"InvalidClientTokenId|AuthFailure|SignatureDoesNotMatch|InvalidAccessKeyId|UnrecognizedClient",
        "AWS does not accept the credentials; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
        "AWS_SESSION_TOKEN and AWS_PROFILE.",
    ),
    (
        r"OptInRequired|not enabled for this account",
        "Enable the region in the account, or set AWS_REGION to another one.",
    ),
    (
        r"Could not connect to the endpoint|EndpointConnectionError",
        "The EC2 API cannot be reached; check the network and that the region AWS_REGION exists.",
    ),
    (
        r"UnauthorizedOperation|AccessDenied|not authorized to perform",
        "The credentials lack this permission; give the user the policy of docs/aws.md.",
    ),
    (
        r"InvalidAMIID|InvalidAMI",
        "The image does not exist in this region; "
        "set ec2_image_owner and ec2_image_filters to one that does.",
    ),
    (
        r"InvalidInstanceType|instance type .* (?:is not supported|does not exist)|^Unsupported\b",
        "The instance type is not offered here; set ec2_instance_type to another one (t3.medium), "
        "or ec2_subnet_id to a subnet in another availability zone.",
    ),
    (
        r"VcpuLimitExceeded|InstanceLimitExceeded",
        "The account's quota of vCPUs is used up; terminate other instances, "
        "set a smaller ec2_instance_type, or ask for more (Service Quotas, 'Running On-Demand Standard').",
    ),
    (
        r"InsufficientInstanceCapacity",
        "AWS has no such instance free in this availability zone; try later, "
        "or set ec2_instance_type or ec2_subnet_id to another one.",
    ),
    (
        r"(?:SecurityGroup|Address|Vpc|Volume)\w*LimitExceeded",
        "A quota of the account is used up; delete what is not needed, or ask for more in Service Quotas.",
    ),
    (
        r"OperationNotPermitted|may not be terminated",
        "Termination protection is on; "
        "run playbooks/ec2_create.yml -e ec2_termination_protection=false, then destroy again.",
    ),
    (
        r"InvalidSubnetID|InvalidSubnet",
        "Set ec2_subnet_id to a subnet of this region, or to nothing for the default VPC.",
    ),
    (r"InvalidKey\.Format", "Set ec2_public_key to the path of a public key of type ssh-ed25519 or ssh-rsa."),
    (
        r"ssh: connect|Permission denied \(publickey",
        "SSH does not get through; check that ec2_access_from contains the address of this machine, "
        "and that ec2_public_key is the key that the instances were created with.",
    ),
    (
        r"Inappropriate ioctl",
        "The playbook has no terminal to prompt on; set ec2_destroy_confirm to the name of the site.",
    ),
    (
        r"RequestLimitExceeded|Throttling",
        "AWS limits the rate of requests; wait a minute, then run the playbook again.",
    ),
)

#: Some modules drop the answer of the API.
UNKNOWN_REASON = (
    "The module does not name the reason. Often a permission is missing: "
    "give the user the policy of docs/aws.md. "
    "To see the reason, run the playbook again with ANSIBLE_DISPLAY_TRACEBACK=error."
)


def _first_failure(result: Mapping[str, Any]) -> Mapping[str, Any]:
    failures = [item for item in result.get("results", []) if item.get("failed")]
    return failures[0] if failures else result


def advice(message: str) -> str:
    """Return what to do about an error message of the API, or an empty string."""
    return next(
        (text for pattern, text in ADVICE if re.search(pattern, message, re.IGNORECASE | re.MULTILINE)), ""
    )


def explain(result: Mapping[str, Any], task: str, left_behind: str = "") -> str:
    """Return one sentence or two about a failed task.

    Args:
        result: `ansible_failed_result`.
        task: the name of the task that failed.
        left_behind: what to run when the failure may have left resources that cost money.
    """
    failure = _first_failure(result)
    if "assertion" in failure:  # a sentence of ours
        return str(failure["msg"])
    output = str(failure.get("module_stderr") or failure.get("stderr") or "").strip()
    errors = re.findall(r"An error occurred \(.*", output) or output.splitlines()
    from_boto = "boto3_version" in failure or "module_stderr" in failure
    message = " ".join((errors[-1] if errors else str(failure.get("msg", failure))).split())
    code = str((failure.get("error") or {}).get("code", ""))
    text = message if code in message else f"{code}: {message}"
    has_code = bool(code) or "An error occurred" in message
    known = advice(f"{code}\n{message}") or (UNKNOWN_REASON if from_boto and not has_code else "")
    return " ".join(part for part in (f"'{task}' failed: {text.rstrip('.')}.", known, left_behind) if part)


class FilterModule:
    """Filters for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filters."""
        return {"ec2_explain": explain}
