"""Fake inference slot: an HTTP server on a Unix socket that records requests and misbehaves on demand."""

import contextlib
import json
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path


class FakeSlot:
    """Answer GET and POST with the slot's name; /health/ready answers `health`.

    /silent never answers, /invalid answers what is not HTTP, /reset closes the connection `resets` times.
    """

    def __init__(self, directory: Path, name: str) -> None:
        self.path = directory / f"{name}.sock"
        self.name = name
        self.health = 200
        self.resets = 0
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections: list[socket.socket] = []
        self.stopped = threading.Event()

    def __enter__(self) -> "FakeSlot":
        slot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path != "/health/ready":
                    headers = {
                        name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers
                    }
                    slot.requests.append((self.path, headers, body))
                if self.path == "/silent":
                    slot.stopped.wait(30)
                if self.path == "/reset" and slot.resets > 0:
                    slot.resets -= 1
                    self.close_connection = True
                    return
                if self.path == "/invalid":
                    self.wfile.write(b"not HTTP\r\n\r\n")
                    self.close_connection = True
                    return
                answer = json.dumps({"slot": slot.name}).encode()
                self.send_response(slot.health if self.path == "/health/ready" else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            request_queue_size = 1024

            def get_request(self) -> tuple[socket.socket, object]:
                connection, address = super().get_request()
                slot.connections.append(connection)
                return connection, address

            def handle_error(self, *_: object) -> None:
                pass

        self.path.unlink(missing_ok=True)
        self.server = Server(str(self.path), Handler)
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def stop(self) -> None:
        """Close all connections and refuse new ones."""
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.path.unlink(missing_ok=True)

    def __exit__(self, *_: object) -> None:
        if not self.stopped.is_set():
            self.stop()
