"""HAProxy as a process of this machine, with the configuration that the role `gateway` writes."""

import contextlib
import hashlib
import http.client
import json
import random
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROLE = Path(__file__).parents[2] / "roles" / "gateway"
DEADLINE_SECONDS = 10


def wait_until(what: str, condition: Callable[[], bool], seconds: float = DEADLINE_SECONDS) -> None:
    """Return when the condition holds; it may raise OSError until then."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise AssertionError(f"not {what} within {seconds} s")


def free_port(taken: int = 0) -> int:
    """Return another port than `taken`, and below those of clients: one could connect to itself."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            if port == taken:
                continue
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port between 20000 and 32000")


@dataclass(frozen=True)
class Answer:
    """An answer of the gateway; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Gateway:
    """A running HAProxy; the slots' sockets are blue.sock and green.sock in the directory."""

    directory: Path
    port: int
    metrics_port: int
    process: "subprocess.Popen[bytes]"

    def request(
        self,
        path: str = "/predict",
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        port: int = 0,
        source: str = "127.0.0.1",
    ) -> Answer:
        connection = http.client.HTTPConnection(
            "127.0.0.1", port or self.port, timeout=DEADLINE_SECONDS, source_address=(source, 0)
        )
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            lower = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, lower, response.read())
        finally:
            connection.close()

    def send(self, data: bytes) -> bytes:
        """Send bytes as they are; return everything until HAProxy closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_SECONDS) as client:
            client.sendall(data)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def send_nothing(self) -> None:
        socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_SECONDS).close()

    def runtime_api(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as api:
            api.connect(str(self.directory / "admin.sock"))
            api.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: api.recv(65536), b"")).decode()

    def log(self) -> list[dict[str, Any]]:
        """Return the access log; a line that is not valid JSON fails."""
        lines = (self.directory / "log").read_bytes().splitlines()
        return [json.loads(line) for line in lines if line.startswith(b"{")]

    def logged(self, number: int = 1) -> list[dict[str, Any]]:
        """Return the access log when it has that many lines."""
        wait_until(f"{number} lines are logged", lambda: len(self.log()) >= number)
        return self.log()

    def most_connections(self) -> int:
        """Return the highest number of client connections at a time so far."""
        (line,) = (
            line for line in self.runtime_api("show stat").splitlines() if line.startswith("http,FRONTEND,")
        )
        return int(line.split(",")[5])

    def is_up(self, slot: str) -> bool:
        return any(
            line.startswith(f"inference,{slot},") and line.split(",")[17].startswith("UP")
            for line in self.runtime_api("show stat").splitlines()
        )


@contextlib.contextmanager
def running_gateway(
    configuration: Callable[..., str], directory: Path, output: Any = None, **variables: Any
) -> Iterator[Gateway]:
    """Start HAProxy with variables of the role; its log is written to the file `log`, or to `output`."""
    port = free_port()
    metrics_port = free_port(port)
    slots = [
        {"name": slot, "address": f"unix@{directory}/{slot}.sock", "metrics": True}
        for slot in ("blue", "green")
    ]
    text = configuration(
        gateway_bind_address="127.0.0.1",
        gateway_port=port,
        gateway_metrics_bind_address="127.0.0.1",
        gateway_metrics_port=metrics_port,
        __gateway_lua_file=str(ROLE / "files" / "wait_for_server.lua"),
        **{"gateway_servers": slots, **variables},
    )
    for path in ("/run/haproxy", "/var/lib/haproxy"):
        text = text.replace(path, str(directory))
    for key_file in re.findall(r"map_str\(([^)]+)\)", text):
        hashes = {
            hashlib.sha256(key.encode()).hexdigest(): name
            for name, key in variables["gateway_api_keys"].items()
        }
        (directory / "api_keys.map").write_text("".join(f"{key} {name}\n" for key, name in hashes.items()))
        text = text.replace(key_file, str(directory / "api_keys.map"))
    file = directory / "haproxy.cfg"
    file.write_text(text)
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            ["haproxy", "-W", "-f", str(file)], stdout=output or log, stderr=log, stdin=subprocess.DEVNULL
        )
    gateway = Gateway(directory, port, metrics_port, process)
    try:
        wait_until("running", lambda: gateway.request("/configuration", port=metrics_port).status == 200)
        yield gateway
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)
