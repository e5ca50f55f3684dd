"""HAProxy as a process of this machine, with the configuration that the role `gateway` writes."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROLE = ROOT / "roles" / "gateway"


def write_configuration(directory: Path, address: str, metrics_address: str) -> Path:
    """Write haproxy.cfg into the directory, which replaces the paths of a host.

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
    for path in ("/run/haproxy", "/var/lib/haproxy"):
        text = text.replace(path, str(directory))
    configuration.write_text(text)
    return configuration


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
