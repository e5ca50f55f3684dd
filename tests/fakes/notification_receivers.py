"""Stand-ins for what Alertmanager notifies, on localhost: a webhook and a mail server (SMTP with AUTH PLAIN).

    python notification_receivers.py --http-port PORT --smtp-port PORT --output FILE

Everything that arrives is one JSON object on a line of FILE, with the posted JSON or the message as body:

    {"channel": "webhook", "path": ..., "authorization": ..., "body": {...}}
    {"channel": "e-mail", "account": ..., "password": ..., "to": [...], "body": "..."}
"""

from __future__ import annotations

import argparse
import base64
import http.server
import json
import socketserver
import threading
from pathlib import Path
from typing import Any

arrived: Path
lock = threading.Lock()


def record(**what: Any) -> None:
    """Append one arrival to the file."""
    with lock, arrived.open("a") as file:
        file.write(json.dumps(what) + "\n")


class Webhook(http.server.BaseHTTPRequestHandler):
    """Accepts every POST."""

    def do_POST(self) -> None:
        """Record the body of a request to any path."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        record(channel="webhook", path=self.path, authorization=self.headers["Authorization"], body=body)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")  # as Slack's incoming webhooks answer

    def log_message(self, *_: Any) -> None:
        """Log nothing: the file has the messages."""


class MailServer(socketserver.ThreadingTCPServer):
    """Takes its port again right after it was stopped, as HTTPServer does."""

    allow_reuse_address = True


class Mail(socketserver.StreamRequestHandler):
    """Accepts every login and every message."""

    def handle(self) -> None:
        """Answer SMTP commands (RFC 5321) until the client quits."""
        account = password = None
        recipients: list[str] = []
        self.reply("220 fake")
        while line := self.rfile.readline().decode().strip():
            verb, _, rest = line.partition(" ")
            match verb.upper():
                case "EHLO":
                    self.reply("250-fake", "250 AUTH PLAIN")
                case "AUTH":
                    _, account, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
                    self.reply("235 welcome")
                case "RCPT":
                    recipients.append(rest.removeprefix("TO:").strip("<>"))
                    self.reply("250 ok")
                case "DATA":
                    self.reply("354 go on")
                    body = "".join(iter(lambda: self.rfile.readline().decode().replace("\r\n", "\n"), ".\n"))
                    record(channel="e-mail", account=account, password=password, to=recipients, body=body)
                    self.reply("250 taken")
                case "QUIT":
                    self.reply("221 bye")
                    return
                case _:
                    self.reply("250 ok")

    def reply(self, *lines: str) -> None:
        """Answer."""
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


def main() -> None:
    """Listen until stopped."""
    global arrived
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    arrived = options.output
    arrived.write_text("")
    mail = MailServer(("127.0.0.1", options.smtp_port), Mail)
    threading.Thread(target=mail.serve_forever, daemon=True).start()
    http.server.ThreadingHTTPServer(("127.0.0.1", options.http_port), Webhook).serve_forever()


if __name__ == "__main__":
    main()
