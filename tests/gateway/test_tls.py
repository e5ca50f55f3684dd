"""HTTPS beside HTTP, with the configuration of the role and a certificate made here."""

import http.client
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_slot import FakeSlot
from gateway_process import Gateway, free_port, wait_until

Start = Callable[..., Gateway]


@pytest.fixture
def https(start: Start, blue: FakeSlot, tmp_path: Path) -> tuple[int, Path]:
    """Start a gateway with HTTPS; return its port and the certificate."""
    key, certificate, port = tmp_path / "key.pem", tmp_path / "certificate.pem", free_port()
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=gateway"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    (tmp_path / "tls.pem").write_text(certificate.read_text() + key.read_text())
    gateway = start(
        gateway_tls="files",
        gateway_tls_port=str(port),
        gateway_tls_certificate=str(certificate),
        gateway_tls_key=str(key),
        __gateway_tls_file=str(tmp_path / "tls.pem"),
    )
    wait_until("the slot is up", lambda: gateway.is_up("blue"))
    assert gateway.request().status == 200, "HTTP stays"
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
