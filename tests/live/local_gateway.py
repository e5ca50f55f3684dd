"""HAProxy as a process of this machine, with the configuration that the role `gateway` writes."""

import hashlib
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROLE = ROOT / "roles" / "gateway"


def write_configuration(
    directory: Path, address: str, metrics_address: str, tls_port: str = "", api_key: str = ""
) -> Path:
    """Write haproxy.cfg into the directory, which replaces the paths of a host.

    With a port of HTTPS, clients need the API key, and a certificate is made.

    The slots' sockets are blue.sock and green.sock in it, the runtime API is admin.sock.
    """
    slots = [
        {"name": slot, "address": f"unix@{directory}/{slot}.sock", "metrics": True}
        for slot in ("blue", "green")
    ]
    variables = {
        "ansible_managed": "Written by a test",
        "role_path": str(ROLE),
        "gateway_bind_address": "127.0.0.1",
        "gateway_port": int(address.rpartition(":")[2]),
        "gateway_metrics_bind_address": "127.0.0.1",
        "gateway_metrics_port": int(metrics_address.rpartition(":")[2]),
        "gateway_servers": slots,
        "__gateway_lua_file": str(ROLE / "files" / "wait_for_server.lua"),
    }
    if tls_port:
        variables |= _write_tls(directory, tls_port, api_key)
    configuration = directory / "haproxy.cfg"
    subprocess.run(
        [
            *(Path(sys.executable).parent / "ansible", "localhost", "-i", "localhost,", "-c", "local"),
            *("-m", "ansible.builtin.template"),
            *("-a", f"src={ROLE / 'templates' / 'haproxy.cfg.j2'} dest={configuration}"),
            *("-e", f"@{ROLE / 'defaults' / 'main.yml'}", "-e", f"@{ROLE / 'vars' / 'main.yml'}"),
            *("-e", json.dumps(variables)),
        ],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    text = configuration.read_text()
    for path in ("/run/haproxy", "/var/lib/haproxy", "/etc/haproxy"):
        text = text.replace(path, str(directory))
    configuration.write_text(text)
    return configuration


def _write_tls(directory: Path, port: str, api_key: str) -> dict[str, object]:
    """Write what the configuration reads with TLS and an API key; return the role's variables."""
    certificate, key = directory / "certificate", directory / "key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-subj", "/CN=gateway", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    (directory / "tls.pem").write_text(certificate.read_text() + key.read_text())
    (directory / "certificate.prom").touch()
    (directory / "api_keys.map").write_text(f"{hashlib.sha256(api_key.encode()).hexdigest()} client\n")
    return {
        "gateway_tls": "files",
        "gateway_tls_port": int(port),
        "gateway_tls_certificate": str(certificate),
        "gateway_tls_key": str(key),
        "gateway_api_keys": {"client": api_key},
    }


def set_state(directory: Path, slot: str, state: str) -> None:
    """Set a slot to ready, drain or maint, once HAProxy has its socket."""
    deadline = time.monotonic() + 10
    with socket.socket(socket.AF_UNIX) as api:
        while True:
            try:
                api.connect(str(directory / "admin.sock"))
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        api.sendall(f"set server inference/{slot} state {state}\n".encode())
        answer = api.recv(4096).decode().strip()
    assert not answer, answer
