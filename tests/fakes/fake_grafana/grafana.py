#!/usr/bin/python3
"""A fake Grafana in tests: checks what it is given and answers the few requests that the role makes.

README.md lists what it does and does not do.
"""

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import os
import signal
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

DATA = Path(os.environ.get("GF_PATHS_DATA", "/var/lib/grafana"))
PROVISIONING = Path(os.environ.get("GF_PATHS_PROVISIONING", "/etc/grafana/provisioning"))
UID = 472


class ProvisioningError(Exception):
    """A provisioning file that Grafana would not take; the message names the file and what is wrong."""


class Passwords:
    """The admin password, kept as a salted hash in the data directory."""

    def __init__(self, directory: Path) -> None:
        """Store it in `directory`."""
        self._file = directory / "admin_password_hash"

    def is_set(self) -> bool:
        """Whether there is one: from the first start on."""
        return self._file.exists()

    def store(self, password: str) -> None:
        """Replace it."""
        salt = os.urandom(16)
        self._file.write_bytes(salt + self._hash(password, salt))

    def check(self, password: str) -> bool:
        """Whether `password` is the stored one."""
        stored = self._file.read_bytes()
        return hmac.compare_digest(stored[16:], self._hash(password, stored[:16]))

    @staticmethod
    def _hash(password: str, salt: bytes) -> bytes:
        return hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1)


def _documents(kind: str) -> list[tuple[Path, dict[str, Any]]]:
    documents = []
    for file in sorted((PROVISIONING / kind).glob("*.y*ml")):
        try:
            document = yaml.safe_load(file.read_text())
        except yaml.YAMLError as error:
            raise ProvisioningError(f"{file}: {error}") from error
        if not isinstance(document, dict) or document.get("apiVersion") != 1:
            raise ProvisioningError(f"{file}: apiVersion is not 1")
        documents.append((file, document))
    return documents


def read_data_sources() -> dict[str, dict[str, Any]]:
    """Data sources by uid.

    Raises:
        ProvisioningError: A file doesn't parse, or a data source lacks a field or has an impossible URL.
    """
    sources: dict[str, dict[str, Any]] = {}
    for file, document in _documents("datasources"):
        for source in document.get("datasources", []):
            if missing := [key for key in ("name", "type", "uid", "url", "access") if not source.get(key)]:
                raise ProvisioningError(f"{file}: a data source lacks {', '.join(missing)}")
            url = urllib.parse.urlsplit(source["url"])
            if url.scheme not in ("http", "https") or not url.hostname:
                raise ProvisioningError(f"{file}: {source['url']} is not an HTTP address")
            sources[source["uid"]] = source
    return sources


def read_dashboards(sources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Dashboards of all file providers by uid.

    Args:
        sources: The data sources that panels may name, by uid.

    Raises:
        ProvisioningError: A provider or a dashboard can't be used.
    """
    dashboards: dict[str, dict[str, Any]] = {}
    for file, document in _documents("dashboards"):
        for provider in document.get("providers", []):
            path = Path(provider.get("options", {}).get("path", ""))
            if provider.get("type") != "file" or not provider.get("name") or not path.is_dir():
                raise ProvisioningError(f"{file}: provider {provider.get('name')} has no directory {path}")
            for dashboard_file in sorted(path.glob("*.json")):
                dashboard = _read_dashboard(dashboard_file, sources)
                if dashboard["uid"] in dashboards:
                    raise ProvisioningError(f"{dashboard_file}: another dashboard has uid {dashboard['uid']}")
                dashboards[dashboard["uid"]] = dashboard
    return dashboards


def _read_dashboard(file: Path, sources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    try:
        dashboard: dict[str, Any] = json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise ProvisioningError(f"{file}: {error}") from error
    if missing := [key for key in ("uid", "title", "panels") if not dashboard.get(key)]:
        raise ProvisioningError(f"{file}: lacks {', '.join(missing)}")
    for panel in dashboard["panels"]:
        uid = panel.get("datasource", {}).get("uid", "")
        if uid and not uid.startswith("$") and uid not in sources:
            raise ProvisioningError(f"{file}: panel {panel.get('title')} has the unknown data source {uid}")
    return dashboard


def _read_home(sources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The dashboard that opens first: the one of the configuration, or a built-in one."""
    path = os.environ.get("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH")
    return _read_dashboard(Path(path), sources) if path else {"title": "Welcome to Grafana"}


class Handler(BaseHTTPRequestHandler):
    """The requests that the role, its tests and the verify playbook make."""

    passwords = Passwords(DATA)

    def do_GET(self) -> None:
        """Answer a GET request."""
        path = urllib.parse.urlsplit(self.path).path
        if path == "/api/health":
            self._answer(HTTPStatus.OK, {"database": "ok", "version": "fake"})
        elif not self._is_authenticated():
            self._answer(HTTPStatus.UNAUTHORIZED, {"message": "Invalid username or password"})
        else:
            self._answer_authenticated(path.strip("/").split("/"))

    def _answer_authenticated(self, parts: list[str]) -> None:
        sources = read_data_sources()
        match parts:
            case ["api", "datasources", "uid", uid] if uid in sources:
                self._answer(HTTPStatus.OK, sources[uid])
            case ["api", "datasources", "uid", uid, "health"] if uid in sources:
                self._answer(*_query(sources[uid]))
            case ["api", "search"]:
                found = read_dashboards(sources).values()
                self._answer(
                    HTTPStatus.OK, [{"uid": d["uid"], "title": d["title"], "type": "dash-db"} for d in found]
                )
            case ["api", "dashboards", "home"]:
                self._answer(HTTPStatus.OK, {"dashboard": _read_home(sources), "meta": {"isHome": True}})
            case ["api", "dashboards", "uid", uid] if uid in (dashboards := read_dashboards(sources)):
                self._answer(HTTPStatus.OK, {"dashboard": dashboards[uid], "meta": {"provisioned": True}})
            case _:
                self._answer(HTTPStatus.NOT_FOUND, {"message": "Not found"})

    def _is_authenticated(self) -> bool:
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme == "Basic" and user == "admin" and self.passwords.check(password)

    def _answer(self, status: HTTPStatus, body: object) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def _query(source: dict[str, Any]) -> tuple[HTTPStatus, dict[str, str]]:
    """Run a query on the data source, like Grafana's health check."""
    context = ssl.create_default_context()
    if source.get("jsonData", {}).get("tlsAuthWithCACert"):
        file = source["secureJsonData"]["tlsCACert"].removeprefix("$__file{").removesuffix("}")
        context = ssl.create_default_context(cafile=file)
        context.check_hostname = False  # Grafana compares serverName
    query = f"{source['url']}/api/v1/query?query=1"
    try:
        with urllib.request.urlopen(query, timeout=5, context=context) as response:  # noqa: S310 (its scheme is checked)
            return HTTPStatus.OK, {"status": "OK", "message": json.load(response)["status"]}
    except (urllib.error.URLError, TimeoutError) as error:
        return HTTPStatus.BAD_REQUEST, {"status": "ERROR", "message": str(error)}


def _confinement() -> str:
    """Return a permission that the container has and should not have; empty if there is none."""
    if os.getuid() != UID:
        return f"runs as uid {os.getuid()} instead of {UID}"
    if not os.statvfs("/").f_flag & os.ST_RDONLY:
        return "has a writable root"
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return f"has capabilities {status['CapBnd'].strip()}" if int(status["CapBnd"], 16) else ""


def serve() -> None:
    """Run the server; leave with a message when what it was given can't be used."""
    if objection := _confinement():
        sys.exit(f"fake-grafana: {objection}")
    try:
        sources = read_data_sources()
        dashboards = read_dashboards(sources)
    except ProvisioningError as error:
        sys.exit(f"fake-grafana: provisioning failed: {error}")
    if not Handler.passwords.is_set():
        Handler.passwords.store(Path(os.environ["GF_SECURITY_ADMIN_PASSWORD__FILE"]).read_text().strip())
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit()
    )  # the first process of a container ignores it by default
    print(f"fake-grafana: {len(sources)} data sources, {len(dashboards)} dashboards", flush=True)
    server = ThreadingHTTPServer(("", 3000), Handler)
    if os.environ.get("GF_SERVER_PROTOCOL") == "https":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(os.environ["GF_SERVER_CERT_FILE"], os.environ["GF_SERVER_CERT_KEY"])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


def main() -> None:
    """The part of Grafana's command line that is used: `server`, and `cli admin reset-admin-password`."""
    parser = argparse.ArgumentParser(prog="grafana", description="A fake Grafana; for tests only.")
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("server")
    admin = commands.add_parser("cli").add_subparsers(required=True).add_parser("admin")
    reset = admin.add_subparsers(required=True).add_parser("reset-admin-password")
    reset.add_argument("--password-from-stdin", action="store_true", required=True)
    arguments = parser.parse_args()
    if arguments.command == "server":
        serve()
    else:
        Passwords(DATA).store(sys.stdin.readline().strip())


if __name__ == "__main__":
    main()
