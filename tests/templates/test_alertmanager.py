"""Files of the role alertmanager, rendered with the variables of a site."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

Render = Callable[..., str]
Evaluate = Callable[..., Any]
Errors = Callable[..., list[str]]

X86 = {"ansible_facts": {"architecture": "x86_64"}}
SECRET = "s3cret"  # noqa: S105
EMAIL = {
    "alertmanager_email_to": "on-call@example.org",
    "alertmanager_email_from": "alerts@example.org",
    "alertmanager_email_smarthost": "smtp.example.org:587",
}
ALL_CHANNELS = EMAIL | {
    "alertmanager_webhook_url": f"https://hooks.example.org/{SECRET}",
    "alertmanager_webhook_token": SECRET,
    "alertmanager_heartbeat_url": f"https://heartbeat.example.org/{SECRET}",
    "alertmanager_email_username": "alerts",
    "alertmanager_email_password": SECRET,
    "alertmanager_slack_url": f"https://chat.example.org/{SECRET}",
}


def config(render: Render, **variables: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(render("alertmanager", "alertmanager.yml.j2", **variables))
    return loaded


def receivers(render: Render, **variables: Any) -> dict[str, Any]:
    return {receiver.pop("name"): receiver for receiver in config(render, **variables)["receivers"]}


def test_default_sends_no_notification(render: Render) -> None:
    assert receivers(render) == {"null": {}}
    assert config(render)["route"]["receiver"] == "null"


@pytest.mark.parametrize(
    ("variables", "channels"),
    [
        ({"alertmanager_webhook_url": "http://localhost/"}, {"webhook_configs"}),
        ({"alertmanager_slack_url": "http://localhost/"}, {"slack_configs"}),
        (EMAIL, {"email_configs"}),
        (ALL_CHANNELS, {"webhook_configs", "slack_configs", "email_configs"}),
    ],
    ids=["webhook", "slack", "e-mail", "all"],
)
def test_any_combination_of_channels(render: Render, variables: dict[str, str], channels: set[str]) -> None:
    assert set(receivers(render, **variables)["team"]) == channels
    assert config(render, **variables)["route"]["receiver"] == "team"


def test_no_secret_is_in_the_configuration_or_in_the_unit(render: Render) -> None:
    """They are files, of which the service has a copy of its own."""
    text = render("alertmanager", "alertmanager.yml.j2", **ALL_CHANNELS)
    unit = render("alertmanager", "alertmanager.service.j2", **ALL_CHANNELS)
    assert SECRET not in text + unit
    for name in ("webhook_url", "webhook_token", "heartbeat_url", "email_password", "slack_url"):
        assert f": /run/credentials/alertmanager.service/{name}\n" in text
        assert f"LoadCredential={name}:/etc/ml-workshop/alertmanager/secrets/{name}\n" in unit


def test_addresses_that_are_no_secrets_are_in_the_configuration(render: Render, evaluate: Evaluate) -> None:
    """An Alertmanager before 0.26 reads them nowhere else."""
    visible = {"alertmanager_secret_urls": False, "alertmanager_webhook_url": "http://localhost:9900/"}
    assert receivers(render, **visible)["team"]["webhook_configs"] == [{"url": "http://localhost:9900/"}]
    assert evaluate("alertmanager", "__alertmanager_secrets", **visible) == {}


def test_unit_loads_only_existing_credentials(render: Render) -> None:
    assert "LoadCredential" not in render("alertmanager", "alertmanager.service.j2", **EMAIL)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, None),
        (ALL_CHANNELS, None),
        ({"alertmanager_slack_url": f"hooks.example.org/{SECRET}"}, "begins with http:// or https://"),
        ({"alertmanager_webhook_token": SECRET}, "alertmanager_webhook_url is not; set both"),
        ({"alertmanager_data_retention": "5d"}, "hours, such as 120h"),
        ({"alertmanager_group_wait": "banana"}, "a duration such as 30s"),
        (EMAIL | {"alertmanager_email_from": ""}, "set all three or none"),
        (EMAIL | {"alertmanager_email_username": "alerts"}, "set both or neither"),
    ],
)
def test_variables_that_cannot_work_are_named(
    errors: Errors, variables: dict[str, Any], words: str | None
) -> None:
    found = errors("alertmanager", **X86 | variables)
    assert len(found) == (words is not None)
    assert all(words and words in error and error.endswith(".") for error in found)
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "yaml: unmarshal errors:\n  line 11: field url_file not found in type config.plain",
            "This Alertmanager is older than 0.26 and cannot keep the addresses of webhooks secret; set ",
        ),
        (
            'not a valid duration string: "banana"',
            "amtool refuses the new configuration of Alertmanager: "
            'not a valid duration string: "banana"; correct the alertmanager_ variables or ',
        ),
    ],
    ids=["url_file", "other"],
)
def test_amtool_error_is_explained(evaluate: Evaluate, output: str, sentence: str) -> None:
    check = {
        "stdout": f"Checking '/dev/stdin'  FAILED: {output}\n\n",
        "stderr": "amtool: error: failed to validate 1 file(s)\n",
        "rc": 1,
    }
    refusal = evaluate("alertmanager", "__alertmanager_refusal", __alertmanager_check=check)
    assert refusal.startswith(sentence)
    assert "\n" not in refusal
