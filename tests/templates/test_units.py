"""Our units: systemd accepts every line, and each unit is sandboxed.

`systemd-analyze` needs no running systemd for either question.
"""

import re
from collections.abc import Callable
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest

from .conftest import analyze

ROLES = Path(__file__).parents[2] / "roles"

Render = Callable[..., str]

HUB = {"trainer_model_repo": "hf://someone/model", "trainer_hub_token": "hf_secret"}
SERVICES = [
    pytest.param("trainer", "trainer.service", {}, id="trainer"),
    pytest.param(
        "trainer", "trainer.service", {"trainer_dataset": "/home/ubuntu/my data"}, id="trainer-directory"
    ),
    pytest.param("trainer", "trainer-publish.service", {}, id="trainer-publish"),
    pytest.param("trainer", "trainer-publish.service", HUB, id="trainer-publish-hub"),
    pytest.param(
        "trainer", "trainer-publish.service", {"trainer_signing_key": "key"}, id="trainer-publish-signed"
    ),
    pytest.param("inference", "inference@.service", {}, id="inference"),
    pytest.param("locust", "locust.service", {}, id="locust"),
    pytest.param("load_test", "load-test.service", {}, id="load_test"),
    *(
        pytest.param(role, f"{role}.service", {f"{role}_install_method": method}, id=f"{role}-{method}")
        for role in ("prometheus", "node_exporter", "alertmanager")
        for method in ("archive", "package")
    ),
]

CERTIFICATE = pytest.param(
    "gateway",
    "gateway-certificate.service",
    {"gateway_tls": "acme", "gateway_acme_name": "gateway.example"},
    id="certificate",
)

# Directives that systemd 249 (Ubuntu 22.04) ignores. The manual pages of systemd 257 have the versions.
SINCE_250 = """
BindLogSockets ConditionCPUPressure ConditionCredential ConditionIOPressure ConditionMemoryPressure
CoredumpReceive DeferReactivation DelegateSubgroup ExecSearchPath ExitType ExtensionDirectories
ExtensionImagePolicy FileDescriptorStorePreserve ImportCredential LoadCredentialEncrypted LogFilterPatterns
MemoryKSM MemoryPressureThresholdSec MemoryPressureWatch MemoryZSwapMax MemoryZSwapWriteback
MountImagePolicy NFTSet OpenFile PassFileDescriptorsToExec PollLimitBurst PollLimitIntervalSec PrivatePIDs
ReloadSignal RestartMaxDelaySec RestartMode RestartSteps RestrictFileSystems RestrictNetworkInterfaces
RootEphemeral RootImagePolicy SetCredentialEncrypted SetLoginEnvironment StartupAllowedCPUs
StartupAllowedMemoryNodes StartupMemoryHigh StartupMemoryLow StartupMemoryMax StartupMemorySwapMax
StartupMemoryZSwapMax SurviveFinalKillSignal TTYColumns TTYRows WantsMountsFor
"""

# Ours to write, not the host's that renders them: what the units name is not here.
NOT_HERE = (
    "is not executable: No such file or directory",
    "Failed to locate",
)


@pytest.fixture
def unit_file(render: Render, tmp_path: Path) -> Callable[..., Path]:
    def write(role: str, unit: str, variables: dict[str, str]) -> Path:
        for template in (ROLES / role / "templates").glob("*.j2"):  # units name each other
            (tmp_path / template.stem).write_text(render(role, template.name, **variables))
        return tmp_path / unit

    return write


def messages(path: Path) -> list[str]:
    """Return systemd's messages about the lines of a unit file."""
    result = analyze("verify", str(path))
    lines = (result.stdout + result.stderr).splitlines()
    return [
        line for line in lines if path.stem in line and not any(harmless in line for harmless in NOT_HERE)
    ]


def settings(text: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string(text)
    return parser


@pytest.mark.parametrize(("role", "unit", "variables"), [*SERVICES, CERTIFICATE])
def test_systemd_understands_every_line(
    unit_file: Callable[..., Path], role: str, unit: str, variables: dict[str, str]
) -> None:
    assert messages(unit_file(role, unit, variables)) == []


def test_line_that_systemd_does_not_understand_is_noticed(unit_file: Callable[..., Path]) -> None:
    assert messages(unit_file("inference", "inference@.service", {"inference_memory_max": "lots"}))


@pytest.mark.parametrize(
    "template",
    [
        path
        for name in ("*.service.j2", "*.timer.j2", "*.conf.j2")
        for path in sorted(ROLES.glob(f"*/templates/{name}"))
    ],
    ids=lambda path: path.name,
)
def test_systemd_249_has_every_directive(template: Path) -> None:
    directives = re.findall(r"^(\w+)=", template.read_text(), flags=re.MULTILINE)
    assert set(directives).isdisjoint(SINCE_250.split())


@pytest.mark.parametrize(("role", "unit", "variables"), [*SERVICES, CERTIFICATE])
def test_exposure_is_at_most_2(
    unit_file: Callable[..., Path], role: str, unit: str, variables: dict[str, str]
) -> None:
    result = analyze(
        "security", "--offline=true", "--threshold=20", "--no-pager", str(unit_file(role, unit, variables))
    )
    assert result.returncode == 0, result.stdout.splitlines()[-1]


@pytest.mark.parametrize(("role", "unit", "variables"), SERVICES)
def test_runs_as_the_user_of_its_role(
    render: Render, role: str, unit: str, variables: dict[str, str]
) -> None:
    user = settings(render(role, f"{unit}.j2", **variables))["Service"]["User"]
    assert user == {"load_test": "ml-workshop-locust"}.get(role, f"ml-workshop-{role}".replace("_", "-"))


def test_token_reaches_the_unit_as_a_credential_only(render: Render) -> None:
    text = render("trainer", "trainer-publish.service.j2", **HUB)
    assert "LoadCredential=hub_token:/etc/ml-workshop/" in text
    assert "hf_secret" not in text


def test_signing_key_reaches_the_publishing_unit_as_a_credential_only(render: Render) -> None:
    key = {"trainer_signing_key": "-----BEGIN PRIVATE KEY-----"}
    text = render("trainer", "trainer-publish.service.j2", **key)
    assert "--signing-key ${CREDENTIALS_DIRECTORY}/signing_key\n" in text
    assert "LoadCredential=signing_key:/etc/ml-workshop/signing_key\n" in text
    assert "BEGIN" not in text
    assert "sign" not in render("trainer", "trainer.service.j2", **key)
    assert "sign" not in render("trainer", "trainer-publish.service.j2")


@pytest.mark.parametrize(
    ("role", "variable", "kind"),
    [("trainer", "trainer_signing_key", "PRIVATE"), ("inference", "inference_verify_key", "PUBLIC")],
)
def test_keys_are_files_or_texts(
    evaluate: Callable[..., Any],
    errors: Callable[..., list[str]],
    tmp_path: Path,
    role: str,
    variable: str,
    kind: str,
) -> None:
    text = f"-----BEGIN {kind} KEY-----\nx\n-----END {kind} KEY-----\n"
    file = tmp_path / "key"
    file.write_text(text)
    for given in (text, str(file)):
        assert evaluate(role, f"__{variable}", **{variable: given}) == text
        assert errors(role, **{variable: given}) == []
    for wrong in (str(tmp_path / "nothing"), text.replace(kind, "OTHER")):
        (error,) = errors(role, **{variable: wrong})
        assert error.startswith(f"{variable} (model_") and wrong not in error


def test_training_and_serving_never_see_a_token(render: Render) -> None:
    assert "Credential" not in render("trainer", "trainer.service.j2", **HUB)
    assert "Credential" not in render(
        "inference", "inference@.service.j2", **{"inference_hub_token": "hf_secret"}
    )


@pytest.mark.parametrize("unit", ["trainer.service", "trainer-publish.service"])
def test_downloads_use_the_proxy_of_the_host(render: Render, unit: str) -> None:
    assert (
        settings(render("trainer", f"{unit}.j2", **HUB))["Service"]["EnvironmentFile"] == "-/etc/environment"
    )


def test_serving_cannot_open_connections(render: Render) -> None:
    service = settings(render("inference", "inference@.service.j2"))["Service"]
    assert service["PrivateNetwork"] == "yes"
    assert service["RestrictAddressFamilies"] == "AF_UNIX"


def test_stop_waits_for_the_requests_under_way(render: Render) -> None:
    service = settings(render("inference", "inference@.service.j2", inference_graceful_timeout=45))["Service"]
    assert int(service["TimeoutStopSec"]) > 45


def test_values_are_quoted_for_systemd(render: Render) -> None:
    text = render(
        "trainer", "trainer.service.j2", trainer_dataset="/data/50% off $HOME", trainer_hub_endpoint=""
    )
    assert '"--dataset=/data/50%% off $$HOME"' in text
    assert 'BindReadOnlyPaths="/data/50%% off $HOME"' in text


def test_settings_of_deploy_take_strings_as_from_the_command_line(evaluate: Callable[..., Any]) -> None:
    strings = {
        "inference_steps": "[1,10, 100]",
        "inference_keep_models": "2",
        "inference_access_log": "false",
    }
    settings = evaluate("inference", "__inference_deploy_settings", **strings)
    assert settings["steps"] == [1, 10, 100]
    assert settings["keep_models"] == 2
    assert "--no-access-log" in settings["serve_options"]
    assert not any("=" not in line or " = " in line for line in settings["sandbox"])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("inference_steps", "[10,5,100]", "inference_steps (deploy_steps) is 10,5,100; set it to"),
        ("inference_steps", [0, 100], "inference_steps (deploy_steps) is 0,100; set it to"),
        ("inference_step_timeout", "30", "inference_step_timeout is 30, but a step lasts at least"),
    ],
)
def test_steps_that_no_deployment_can_take_are_refused(
    errors: Callable[..., list[str]], name: str, value: object, sentence: str
) -> None:
    (error,) = errors("inference", **{name: value})
    assert error.startswith(sentence)


@pytest.mark.parametrize(("value", "given"), [("true", True), ("false", False), (True, True)])
def test_trainer_uses_unlabelled_rows_when_set(render: Render, value: str | bool, given: bool) -> None:
    text = render("trainer", "trainer.service.j2", trainer_unlabelled=value)
    assert ('"--unlabelled"' in text) == given
    assert '"--memory-max=80%%"' in text
