"""Fake inference slot: answers every request on a Unix socket with its name; GET /slow takes a second."""

import json
import socketserver
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

NAME = sys.argv[1]
SOCKET = Path(f"/run/inference-{NAME}/http.sock")


class Handler(BaseHTTPRequestHandler):
    """Answer with the slot's name."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one write: a kill loses all of it or nothing

    def do_GET(self) -> None:
        """Answer, after a second for /slow."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/slow":
            time.sleep(1)
        if self.path == "/metrics":
            body = f'fake_slot_info{{slot="{NAME}"}} 1\n'.encode()
        else:
            body = json.dumps({"slot": NAME}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A thread per connection."""

    daemon_threads = True
    request_queue_size = 1024


SOCKET.unlink(missing_ok=True)
with Server(str(SOCKET), Handler) as server:
    SOCKET.chmod(0o660)
    server.serve_forever()
