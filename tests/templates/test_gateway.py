"""The gateway's configuration and drop-in are valid for all variables, as numbers or as strings."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import analyze

ROLE = Path(__file__).parents[2] / "roles" / "gateway"
LUA = {"__gateway_lua_file": str(ROLE / "files" / "wait_for_server.lua")}
DEFAULTS: dict[str, Any] = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())

# What the package's unit sets and the drop-in has to override.
PACKAGE_UNIT = """\
[Unit]
Description=HAProxy Load Balancer
[Service]
EnvironmentFile=-/etc/default/haproxy
BindReadOnlyPaths=/dev/log:/var/lib/haproxy/dev/log
Environment="PIDFILE=/run/haproxy.pid" "EXTRAOPTS=-S /run/haproxy-master.sock"
ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE $EXTRAOPTS
Type=notify
"""

Render = Callable[..., str]
Evaluate = Callable[..., Any]

VARIANTS = [
    {},
    {"gateway_bind_address": "::", "gateway_metrics_bind_address": "::1"},
    {"gateway_requests_per_source": 100, "gateway_access_log": False},
    {"gateway_metrics_logins": {"monitoring": "correct-horse"}},
    {"gateway_trusted_proxies": ["192.0.2.1", "2001:db8::/32"]},
    {"gateway_servers": [{"name": "instance-a", "address": "[fd00::10]:8000"}]},
    {"gateway_servers": [{"name": "blue", "address": "unix@/run/b.sock", "metrics": "false"}]},
]


def as_strings(variables: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, list) else str(value).lower() for name, value in variables.items()
    }


@pytest.mark.parametrize("variables", VARIANTS, ids=lambda variables: ",".join(variables) or "defaults")
def test_haproxy_accepts_the_configuration(render: Render, tmp_path: Path, variables: dict[str, Any]) -> None:
    haproxy = shutil.which("haproxy")
    if haproxy is None:
        pytest.skip("haproxy is missing: apt-get install haproxy")
    file = tmp_path / "haproxy.cfg"
    file.write_text(render("gateway", "haproxy.cfg.j2", **LUA, **variables))
    checked = subprocess.run([haproxy, "-c", "-f", str(file)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    warnings = [line for line in checked.stderr.splitlines() if "WARNING" in line]
    assert [line for line in warnings if "server state file" not in line] == []


@pytest.mark.parametrize("template", ["haproxy.cfg.j2", "haproxy.service.conf.j2"])
def test_strings_are_accepted_as_numbers(render: Render, template: str) -> None:
    assert render("gateway", template, **as_strings(DEFAULTS)) == render("gateway", template)


@pytest.fixture
def unit(render: Render, tmp_path: Path) -> Callable[..., Path]:
    def write(**variables: Any) -> Path:
        path = tmp_path / "haproxy.service"
        path.write_text(PACKAGE_UNIT + render("gateway", "haproxy.service.conf.j2", **variables))
        return path

    return write


@pytest.mark.parametrize("variables", [{}, {"gateway_port": "80"}], ids=["8000", "80"])
def test_unit_is_valid_and_its_exposure_at_most_2(
    unit: Callable[..., Path], variables: dict[str, str]
) -> None:
    path = unit(**variables)
    verified = analyze("verify", "--man=no", str(path))
    messages = [line for line in verified.stderr.splitlines() if path.name in line]
    assert [line for line in messages if "is not executable" not in line] == []
    security = analyze("security", "--offline=true", "--threshold=20", "--no-pager", str(path))
    assert security.returncode == 0, security.stdout.splitlines()[-1]


def test_only_a_low_port_needs_a_capability(render: Render) -> None:
    assert "AmbientCapabilities" not in render("gateway", "haproxy.service.conf.j2")
    low = render("gateway", "haproxy.service.conf.j2", gateway_port="443")
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" in low
    assert low.index("PrivateUsers=yes") < low.index("PrivateUsers=no")


def test_metrics_have_their_own_certificate(render: Render, tmp_path: Path) -> None:
    assert " ssl " not in render("gateway", "haproxy.cfg.j2")
    (tmp_path / "one").write_text("certificate")
    files = {f"gateway_metrics_tls_{name}": str(tmp_path / "one") for name in ("certificate", "key")}
    before = render("gateway", "haproxy.cfg.j2", **files)
    assert "bind 0.0.0.0:8405 ssl crt /etc/haproxy/metrics.pem" in before
    assert "ssl-min-ver TLSv1.2" in before and "bind 0.0.0.0:8000 proto h1" in before
    (tmp_path / "one").write_text("renewed")
    assert render("gateway", "haproxy.cfg.j2", **files) != before, "HAProxy is reloaded for it"


def test_change_of_the_configuration_is_no_change_of_the_unit(evaluate: Evaluate) -> None:
    def ids(**variables: Any) -> tuple[str, str]:
        return tuple(
            evaluate("gateway", name, ansible_managed="", **variables)
            for name in ("__gateway_config_id", "__gateway_unit_id")
        )

    configuration, drop_in = ids()
    other_configuration, same_drop_in = ids(gateway_health_path="/other")
    assert other_configuration != configuration and same_drop_in == drop_in
    same_configuration, other_drop_in = ids(gateway_memory_max="1G")
    assert same_configuration == configuration and other_drop_in != drop_in


def test_default_values_are_in_range(evaluate: Evaluate) -> None:
    assert not (evaluate("gateway", "__gateway_errors") or "").strip()
    assert not (evaluate("gateway", "__gateway_errors", **as_strings(DEFAULTS)) or "").strip()


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        (
            {"gateway_server_max_connections": "500"},
            "gateway_server_max_connections is 500: set it above gateway_connections_per_source.",
        ),
        (
            {"gateway_api_keys": {f"n{number}": "k" * 20 for number in range(101)}},
            "gateway_api_keys (api_keys) has 101 keys: use at most 100, whose metrics fit one page.",
        ),
        (
            {"gateway_port": "8405"},
            "gateway_port and gateway_metrics_port are both 8405: set one of them to another port.",
        ),
        (
            {"gateway_tls_only": "yes"},
            "gateway_tls_only (tls_only) is true, but gateway_tls (tls) is off: set gateway_tls to "
            "self_signed, files or acme.",
        ),
        (
            {"gateway_tls": "acme", "gateway_http_port": "443"},
            "gateway_http_port is 443, which is gateway_tls_port or gateway_metrics_port: "
            "set it to another port.",
        ),
        (
            {"gateway_servers_ca_file": "/none.crt"},
            "gateway_servers_ca_file is /none.crt, which does not exist: "
            "set it to a PEM file on the controller.",
        ),
        (
            {"gateway_tls": "acme", "gateway_acme_ca_file": "/none.crt"},
            "gateway_acme_ca_file is /none.crt, which does not exist: "
            "set it to a PEM file on the controller.",
        ),
        ({"gateway_servers": []}, "gateway_servers is empty: set it to one server or more."),
        (
            {"gateway_servers": [{"name": "a b", "address": "192.0.2.1:80"}]},
            'gateway_servers has a server named "a b": use letters, digits, dots, dashes and underscores,'
            ' and not "wait".',
        ),
    ],
)
def test_values_that_do_not_fit_each_other_are_named(
    evaluate: Evaluate, variables: dict[str, Any], error: str
) -> None:
    assert evaluate("gateway", "__gateway_errors", **variables).strip() == error


@pytest.mark.parametrize(
    ("alerts", "answer", "error"),
    [
        (
            [],
            {"json": {"configuration": "another"}},
            "its files come from other variables or another version; run the tag gateway_configure, too.",
        ),
        (
            ["[ALERT]    (1) : cannot bind socket"],
            {"json": {"configuration": "another"}},
            "cannot bind socket; correct the gateway_ variables.",
        ),
        ([], {}, "Connection refused; correct the gateway_ variables."),
    ],
)
def test_failed_run_names_its_cause(
    evaluate: Evaluate, alerts: list[str], answer: dict[str, Any], error: str
) -> None:
    found = evaluate(
        "gateway",
        "__gateway_run_error",
        __gateway_journal={"stdout_lines": alerts},
        __gateway_now=answer,
        ansible_failed_result={"msg": "Connection refused"},
    )
    assert found.strip() == error
