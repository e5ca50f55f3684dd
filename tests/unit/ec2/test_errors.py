"""Failures of the API become sentences with the setting to change."""

import pytest

from .conftest import load_filters

errors = load_filters("ec2_errors")


def failure(code: str, message: str) -> dict[str, object]:
    return {"failed": True, "boto3_version": "1", "msg": message, "error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("RequestExpired", "Request has expired.", "get new ones"),
        ("OptInRequired", "You are not subscribed to this service.", "Enable the region"),
        (
            "",
            'Could not connect to the endpoint URL: "https://ec2.x.amazonaws.com/"',
            "the region AWS_REGION exists",
        ),
        (
            "Unsupported",
            "Your requested instance type (t3.medium) is not supported in ...",
            "ec2_subnet_id to a subnet in another",
        ),
        ("InsufficientInstanceCapacity", "We currently do not have sufficient capacity", "try later"),
        ("SecurityGroupLimitExceeded", "...", "A quota of the account"),
        (
            "InvalidSubnetID.NotFound",
            "The subnet ID 'subnet-1' does not exist",
            "Set ec2_subnet_id to a subnet",
        ),
        ("RequestLimitExceeded", "Request limit exceeded.", "wait a minute"),
        ("", "Task failed: [Errno 25] Inappropriate ioctl for device", "set ec2_destroy_confirm"),
    ],
)
def test_advice(code: str, message: str, advice: str) -> None:
    assert advice in errors.explain(failure(code, message), "Create")


def test_the_first_failed_item_of_a_loop_is_explained() -> None:
    result = {"failed": True, "results": [{"failed": False}, failure("VcpuLimitExceeded", "limit of 0")]}
    sentence = errors.explain(result, "Create the instances", "Run it again.")
    assert sentence.startswith(
        "'Create the instances' failed: VcpuLimitExceeded: limit of 0. The account's quota of vCPUs"
    )
    assert sentence.endswith("Run it again.")


def test_our_own_sentences_pass_unchanged() -> None:
    assert errors.explain({"msg": "Set this.", "assertion": "x"}, "Check", "left behind") == "Set this."


def test_an_exception_that_a_module_lets_escape_is_explained() -> None:
    last = (
        "An error occurred (UnauthorizedOperation) when calling the DescribeImages operation: You are not ..."
    )
    sentence = errors.explain(
        {
            "msg": "Module failed",
            "module_stderr": f"Traceback ...\nClientError: {last}\nAmiInfoFailure: <str() failed>\n",
        },
        "Find the image",
    )
    assert sentence.startswith(
        f"'Find the image' failed: {last.rstrip('.')}. The credentials lack this permission;"
    )


def test_a_reason_that_a_module_drops_is_not_guessed() -> None:
    sentence = errors.explain(
        {"boto3_version": "1", "msg": "Failed to modify instance metadata options"}, "Create"
    )
    assert "run the playbook again with ANSIBLE_DISPLAY_TRACEBACK=error" in sentence


def test_ssh_that_does_not_get_through_is_explained() -> None:
    result = {
        "msg": "non-zero return code",
        "stderr": "ssh: connect to host 192.0.2.1 port 22: Connection timed out",
    }
    assert "check that ec2_access_from contains the address" in errors.explain(
        result, "Wait for SSH and cloud-init"
    )
