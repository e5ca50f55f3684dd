"""HTTPS in addition to HTTP, with the configuration of the role and a certificate made here."""

import http.client
import http.server
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_slot import FakeSlot
from gateway_process import Gateway, free_port, running_gateway, wait_until

Start = Callable[..., Gateway]


StartWithTls = Callable[..., tuple[Gateway, int, Path]]
METRICS = "ml_workshop_certificate_not_after_timestamp_seconds 2\n"


def make_certificate(certificate: Path, key: Path) -> None:
    """Make a self-signed certificate for 127.0.0.1."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=gateway"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def start_with_tls(start: Start, blue: FakeSlot, tmp_path: Path) -> StartWithTls:
    """Start a gateway with HTTPS; return it, its port and the certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make_certificate(certificate, key)
    (tmp_path / "tls.pem").write_text(certificate.read_text() + key.read_text())
    (tmp_path / "certificate.prom").write_text(METRICS)

    def start_gateway(**variables: Any) -> tuple[Gateway, int, Path]:
        port = free_port()
        gateway = start(
            gateway_tls_port=str(port),
            gateway_tls_certificate=str(certificate),
            gateway_tls_key=str(key),
            __gateway_tls_file=str(tmp_path / "tls.pem"),
            __gateway_certificate_metrics=str(tmp_path / "certificate.prom"),
            **variables,
        )
        wait_until("the slot is up", lambda: gateway.is_up("blue"))
        return gateway, port, certificate

    return start_gateway


@pytest.fixture
def https(start_with_tls: StartWithTls) -> tuple[int, Path]:
    """Start a gateway with HTTPS; return its port and the certificate."""
    gateway, port, certificate = start_with_tls(gateway_tls="files")
    assert gateway.request().status == 200, "HTTP stays"
    assert gateway.request("/certificate", port=gateway.metrics_port).body.decode() == METRICS
    return port, certificate


def status(port: int, context: ssl.SSLContext) -> int:
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    connection.request("GET", "/predict")
    code = connection.getresponse().status
    connection.close()
    return code


def test_https_is_served_with_the_certificate(https: tuple[int, Path]) -> None:
    port, certificate = https
    assert status(port, ssl.create_default_context(cafile=certificate)) == 200


def test_clients_without_the_authority_refuse_it(https: tuple[int, Path]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        status(https[0], ssl.create_default_context())


def test_old_protocols_are_refused(https: tuple[int, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", https[0])) as client, pytest.raises(ssl.SSLError):
        context.wrap_socket(client)


class Challenge(http.server.BaseHTTPRequestHandler):
    """Certbot while it answers a challenge."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())


def test_challenge_reaches_certbot_and_other_http_is_redirected(start_with_tls: StartWithTls) -> None:
    port, keys = str(free_port()), {"alice": "k" * 20}
    with http.server.HTTPServer(("127.0.0.1", 0), Challenge) as certbot:
        threading.Thread(target=certbot.serve_forever, daemon=True).start()
        gateway, tls_port, _ = start_with_tls(
            gateway_tls="acme",
            gateway_http_port=port,
            gateway_acme_port=str(certbot.server_port),
            gateway_api_keys=keys,
        )
        path = "/.well-known/acme-challenge/token"
        assert gateway.request(path, port=int(port)).body.decode() == path
        certbot.shutdown()
    started = time.monotonic()
    assert gateway.request(path, port=int(port)).status == 404
    assert time.monotonic() - started < 1, "no retries"
    (line,) = (
        line for line in gateway.runtime_api("show stat").splitlines() if line.startswith("http,FRONTEND,")
    )
    assert line.split(",")[43] == "0", "no 5xx that GatewayErrors counts"
    for host in ("example.com", f"example.com:{port}", "[::1]", f"[::1]:{port}"):
        redirect = gateway.request("/predict?a=1&b=%20", port=int(port), headers={"Host": host})
        name = host.removesuffix(f":{port}")
        assert redirect.status == 308
        assert redirect.headers["location"] == f"https://{name}:{tls_port}/predict?a=1&b=%20"
    assert gateway.request("/health/live").status != 308, "HTTP stays"


@pytest.mark.parametrize(
    ("name", "authority", "status"),
    [("gateway", "certificate.pem", 200), ("other", "certificate.pem", 503), ("gateway", "other.pem", 503)],
)
def test_servers_are_verified(
    https: tuple[int, Path], configuration: Callable[..., str], name: str, authority: str, status: int
) -> None:
    port, certificate = https
    front, ca_file = certificate.parent / "front", certificate.parent / authority
    front.mkdir()
    if not ca_file.exists():
        make_certificate(ca_file, front / "key.pem")
    with running_gateway(
        configuration,
        front,
        gateway_servers=[{"name": name, "address": f"127.0.0.1:{port}"}],
        gateway_servers_ca_file=str(ca_file),
        __gateway_servers_ca=str(ca_file),
        gateway_recovery_timeout="1",
    ) as gateway:
        assert gateway.request().status == status
        assert gateway.is_up(name) == (status == 200)


def test_http_only_redirects_with_tls_only(start_with_tls: StartWithTls) -> None:
    gateway, tls_port, certificate = start_with_tls(gateway_tls="files", gateway_tls_only="true")
    redirect = gateway.request("/predict", method="POST", body=b"{}")
    assert redirect.status == 308, "the method stays, unlike with 301"
    assert redirect.headers["location"] == f"https://127.0.0.1:{tls_port}/predict"
    assert "strict-transport-security" not in redirect.headers
    context = ssl.create_default_context(cafile=certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", tls_port, timeout=10, context=context)
    connection.request("GET", "/predict")
    response = connection.getresponse()
    assert (response.status, response.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")
    connection.close()
