"""A running `ml-workshop serve`, clients for it, and fake HTTP servers."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TEXT = "A delightful film. I loved it."
_reserved: list[socket.socket] = []


def free_port() -> int:
    """Reserve a port of 127.0.0.1 until this process ends; a server with SO_REUSEADDR can bind it."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    _reserved.append(reserved)
    return int(reserved.getsockname()[1])


@contextlib.contextmanager
def http_server(handle: Callable[[BaseHTTPRequestHandler], None], pem: str = "") -> Iterator[str]:
    """Run a server whose requests a function handles, with HTTPS if there is a certificate; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            handle(self)

        do_HEAD = do_POST = do_GET

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        if pem:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(pem)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http{'s' if pem else ''}://127.0.0.1:{server.server_port}"
        server.shutdown()


def respond(request: BaseHTTPRequestHandler, content: object, status: int = 200, **headers: str) -> None:
    """Send a JSON response."""
    body = json.dumps(content).encode()
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float = 10) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))  # without a timeout: with one, a full backlog is an error
        self.sock.settimeout(self.timeout)


class Server:
    """A running `ml-workshop serve` on a Unix socket or a port."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", log: Path, path: Path | None = None, port: int = 0
    ) -> None:
        self.process, self.log, self.path, self.port = process, log, path, port
        self.expected_workers = 0

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(20)

    def wait_until_ready(self, workers: int) -> None:
        self.expected_workers = workers
        wait_for(lambda: len(self.workers()) == workers and self.get("/health/ready"), self)

    def connect(self) -> http.client.HTTPConnection:
        return (
            UnixConnection(self.path) if self.path else http.client.HTTPConnection("127.0.0.1", self.port, 10)
        )

    def socket(self) -> socket.socket:
        connection = self.connect()
        connection.connect()
        return connection.sock

    def get(self, path: str) -> str:
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read().decode()
            assert response.status == 200, body
            return body

    def predict(self, text: str = TEXT) -> dict[str, object]:
        with contextlib.closing(self.connect()) as connection:
            return predict(connection, text)

    def metric(self, pattern: str) -> float:
        return sum(
            float(value) for value in re.findall(rf"^{pattern} (\S+)$", self.get("/metrics"), re.MULTILINE)
        )

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def signal_and_wait(self, number: signal.Signals, pid: int | None = None) -> None:
        """Send a signal, and wait until new workers have taken the place of those that it ends."""
        gone = set(self.workers()) if pid is None else {pid}
        os.kill(pid or self.process.pid, number)
        wait_for(lambda: not gone & set(self.workers()), self)
        self.wait_until_ready(self.expected_workers)


def serve(
    model: Path,
    log: Path,
    *options: object,
    path: Path | None = None,
    port: int = 0,
    output: int | None = None,
    python: str | Path = sys.executable,
    **environment: str,
) -> Server:
    """Start `ml-workshop serve` on a Unix socket or a port; its output goes to `log`, or to `output`."""
    address = ["--socket", path] if path else ["--port", port]
    command = [python, "-m", "ml_workshop", "serve", "--model", model, *address, *options]
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(log.with_name("metrics")), **environment}
    environment = {name: value for name, value in (os.environ | environment).items() if value}
    with log.open("wb") as file:
        stream = file if output is None else output
        process = subprocess.Popen(list(map(str, command)), stdout=stream, stderr=stream, env=environment)
    return Server(process, log, path, port)


def post(path: str, content: object, *fields: str) -> bytes:
    """Return the bytes of a request with a JSON body."""
    body = json.dumps(content).encode()
    head = [f"POST {path} HTTP/1.1", "Host: a", "Content-Type: application/json", *fields]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


def predict(connection: http.client.HTTPConnection, text: str = TEXT) -> dict[str, object]:
    """Ask for a prediction; the connection stays open unless the server closes it."""
    connection.request("POST", "/predict", json.dumps({"text": text}), {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, body
    answer: dict[str, object] = json.loads(body)
    return answer


def wait_for(condition: Callable[[], object], server: Server) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if condition():
                return
        assert server.process.poll() is None, server.log.read_text()
        time.sleep(0.02)
    raise AssertionError(server.log.read_text())
