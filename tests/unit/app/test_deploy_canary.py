"""Canaries with simulated traffic, by HAProxy's statistics and a fake Prometheus."""

import base64
import json
import subprocess
import tempfile
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from deploy_host import Host
from ml_workshop.deploy.prometheus import PrometheusError, query
from ml_workshop.deploy.settings import read_settings
from server_process import http_server, respond

pytestmark = pytest.mark.slow

NOT_COMPARED = "compared by HAProxy's statistics; class share and confidence were not compared"


@pytest.fixture(scope="module")
def shared(trained: Path) -> Iterator[Host]:
    """One host for all tests; each deploys another revision."""
    host = Host(Path(tempfile.mkdtemp(prefix="can", dir="/tmp")), trained)
    host.settings |= {"steps": [10, 50, 100], "step_timeout": 8}
    host.publish(0)
    result, _ = host.command("deploy")
    assert "no other slot to compare with" in result["message"]
    yield host
    host.close()


@dataclass
class Traffic:
    """Requests per reading of the statistics, distributed by HAProxy's weights; behaviour by slot."""

    host: Host
    requests: int = 1000
    errors: dict[str, float] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)
    positive: dict[str, float] = field(default_factory=dict)
    largest_share: dict[str, float] = field(default_factory=dict)

    def flow(self) -> None:
        servers = self.host.haproxy.servers
        weights = {name: s.weight if s.admin == "ready" else 0 for name, s in servers.items()}
        for name, server in servers.items():
            share = weights[name] / (sum(weights.values()) or 1)
            count = round(self.requests * share)
            self.largest_share[name] = max(share, self.largest_share.get(name, 0))
            server.requests += count
            server.errors += round(count * self.errors.get(name, 0))
            server.response_ms = self.milliseconds.get(name, 1)


@pytest.fixture
def traffic(shared: Host) -> Traffic:
    traffic = Traffic(shared)
    shared.haproxy.on_statistics = traffic.flow
    shared.settings |= {"prometheus_url": "", "step_min_requests": 100}
    return traffic


def idle(host: Host) -> str:
    return "green" if host.state()["serving"] == "blue" else "blue"


def test_a_good_candidate_gets_all_traffic_step_by_step(shared: Host, traffic: Traffic) -> None:
    new = idle(shared)
    revision = shared.publish(1)
    del shared.haproxy.commands[:]
    result, _ = shared.command("deploy")
    shared.assert_serves(new, revision)
    weights = [command for command in shared.haproxy.commands if command.startswith(f"{new} weight")]
    assert weights == [f"{new} weight {weight}" for weight in (0, 10, 50, 100)]
    assert NOT_COMPARED in result["message"]
    assert shared.journal()[-1]["steps"] == [10, 50, 100]


@pytest.mark.parametrize(
    ("behaviour", "value", "sentence"),
    [
        ("errors", 0.05, "errors 5.00 % ("),
        ("milliseconds", 200.0, "average response time 200 ms, old slot 1 ms, objective 50 ms"),
    ],
)
def test_a_bad_candidate_loses_its_traffic(
    shared: Host, traffic: Traffic, behaviour: str, value: float, sentence: str
) -> None:
    old, new = shared.state()["serving"], idle(shared)
    before = shared.served(old)
    revision = shared.publish(10 + len(behaviour))
    getattr(traffic, behaviour)[new] = value
    shared.haproxy.servers[old].checks = " 2/3"
    result, message = shared.command("deploy", code=3)
    shared.haproxy.servers[old].checks = ""
    assert "Canary step 10 %" in message and sentence in message and f"Slot {old} still serves." in message
    assert (result["changed"], result["result"]) == (False, "failed")
    assert before is not None
    shared.assert_serves(old, before)
    assert traffic.largest_share[new] <= 0.1
    assert not (shared.root / "models" / revision).exists()
    assert shared.journal()[-1]["result"] == "failed"
    assert 'result="failed"' in (shared.root / "metrics" / "deployments.prom").read_text()


def test_too_little_traffic_is_a_failure(shared: Host, traffic: Traffic) -> None:
    old = shared.state()["serving"]
    before = shared.served(old)
    shared.publish(3)
    traffic.requests = 10
    shared.settings |= {"step_timeout": 1, "step_min_requests": 100_000}
    _, message = shared.command("deploy", code=1)
    shared.settings |= {"step_timeout": 8}
    assert "are too few to compare" in message and "step_min_requests (now 100000)" in message
    assert before is not None
    shared.assert_serves(old, before)


def answer_queries(traffic: Traffic, request: BaseHTTPRequestHandler) -> None:
    """Answer the two queries of a canary as Prometheus would after this traffic."""
    assert request.headers["Authorization"] == f"Basic {base64.b64encode(b'monitoring:secret').decode()}"
    query = urllib.parse.parse_qs(urllib.parse.urlparse(request.path).query)["query"][0]
    assert 'job="inference", instance="here"' in query
    rows: list[tuple[dict[str, str], float]] = []
    for slot, server in traffic.host.haproxy.servers.items():
        total, positive = server.requests, traffic.positive.get(slot, 0.5)
        if "predictions_total" in query:
            for label, share in (("positive", positive), ("negative", 1 - positive)):
                rows.append(({"__name__": "ml_workshop_predictions_total", "label": label}, total * share))
            for part, factor in (("sum", 0.9), ("count", 1)):
                rows.append(({"__name__": f"ml_workshop_prediction_confidence_{part}"}, total * factor))
        else:
            assert 'le=~"|0.05"' in query
            for part in ("count", "bucket"):
                rows.append(
                    ({"__name__": f"flask_http_request_duration_seconds_{part}", "status": "200"}, total)
                )
        for labels, _ in rows:
            labels.setdefault("slot", slot)
    result = [{"metric": labels, "value": [0, str(value)]} for labels, value in rows]
    respond(request, {"status": "success", "data": {"resultType": "vector", "result": result}})


def test_prometheus_has_the_class_shares(shared: Host, traffic: Traffic) -> None:
    old, new = shared.state()["serving"], idle(shared)
    login = shared.root / "login"
    login.write_text("monitoring:secret\n")
    shared.settings["prometheus_login_file"] = str(login)
    with http_server(partial(answer_queries, traffic)) as shared.settings["prometheus_url"]:
        shared.publish(4)
        traffic.positive = {old: 0.7, new: 0.3}
        _, message = shared.command("deploy", code=3)
        assert "share of negative 70.00 % of" in message and "old slot 30.00 %" in message

        traffic.positive = {}
        result, _ = shared.command("deploy")
        assert result["result"] == "deployed" and "HAProxy's statistics" not in result["message"]

    shared.publish(5)  # Prometheus does not answer
    result, _ = shared.command("deploy")
    assert NOT_COMPARED in result["message"]


def test_the_certificate_of_prometheus_is_verified(shared: Host, tmp_path: Path) -> None:
    pem = str(tmp_path / "prometheus.pem")
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x"
    files = f"-addext subjectAltName=IP:127.0.0.1 -keyout {pem} -out {pem}.crt"
    subprocess.run([*make.split(), *files.split()], check=True)
    (tmp_path / "prometheus.pem").write_text(Path(pem).read_text() + Path(f"{pem}.crt").read_text())
    file = tmp_path / "deploy.json"
    with http_server(lambda request: respond(request, {"data": {"result": []}}), pem) as url:
        file.write_text(
            json.dumps(shared.settings | {"prometheus_url": url, "prometheus_ca_file": f"{pem}.crt"})
        )
        assert query(read_settings(file), "up") == []
        file.write_text(json.dumps(shared.settings | {"prometheus_url": url, "prometheus_login_file": ""}))
        with pytest.raises(PrometheusError, match="certificate verify failed"):
            query(read_settings(file), "up")


def test_a_failed_health_check_ends_the_canary(shared: Host, traffic: Traffic) -> None:
    old, new = shared.state()["serving"], idle(shared)
    before = shared.served(old)
    shared.publish(6)
    shared.settings["step_min_requests"] = 10_000_000

    def die() -> None:
        traffic.flow()
        server = shared.haproxy.servers[new]
        server.reachable = server.weight != 10

    shared.haproxy.on_statistics = die
    _, message = shared.command("deploy", code=3)
    assert f"Canary step 10 %: HAProxy's health check of slot {new} fails." in message
    assert before is not None
    shared.assert_serves(old, before)


@pytest.mark.parametrize("steps", ["10,50", "50,10,100", "0,100", "a,100", ""])
def test_invalid_steps(shared: Host, steps: str) -> None:
    process = shared.start("deploy", f"--steps={steps}")
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2 and "1,10,50,100" in errors
