"""The module checked_service, as far as it needs no systemd; the scenarios of its users do the rest."""

import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ..role_module import load_module

MODULE = load_module("checked_service")


def module(**parameters: Any) -> Any:
    def run_command(command: Any, check_rc: bool = False) -> tuple[int, str, str]:
        run = subprocess.run(command, capture_output=True, text=True, check=check_rc)
        return run.returncode, run.stdout, run.stderr

    defaults = {
        "name": "test",
        "logins": {},
        "tls": False,
        "path": "/-/ready",
        "contains": "",
        "reload_metric": "reload_time",
        "timeout": 1,
    }
    return SimpleNamespace(params=defaults | parameters, run_command=run_command)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("0.0.0.0:9090", "http://127.0.0.1:9090"),
        (":9091", "http://127.0.0.1:9091"),
        ("[::]:9090", "http://127.0.0.1:9090"),
        ("10.0.0.5:80", "http://10.0.0.5:80"),
        ("[fd00::10]:80", "http://[fd00::10]:80"),
    ],
)
def test_url_is_where_the_service_listens(address: str, url: str) -> None:
    assert MODULE.Service(module(address=address)).url == url
    assert MODULE.Service(module(address=address, tls=True)).url == url.replace("http", "https")


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            login = self.headers["Authorization"] == "Basic YWRtaW46c2VjcmV0"
            self.send_response(
                503 if self.path == "/starting" else 200 if login or self.path != "/private" else 401
            )
            self.end_headers()
            self.wfile.write(b"# HELP reload_time x\nreload_time 1.5e+09\nreload_time_other 1\n")

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_health_check_uses_no_proxy(server: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    service = MODULE.Service(module(address=f"0.0.0.0:{server.server_port}"))
    assert "HELP" in service.get("/")
    assert service.get("/starting") is None
    assert service.reloaded_at() == "1.5e+09"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A configuration file, a directory and a link to a release."""
    root = tmp_path / "root"
    (root / "rules").mkdir(parents=True)
    (root / "rules/one.yml").write_text("one")
    (root / "config").write_text("good")
    (root / "current").symlink_to("1.0")
    return root


def test_contents_count_and_times_do_not(tmp_path: Path, files: Path) -> None:
    paths = [files / "rules", files / "config", files / "current", files / "absent"]
    last = MODULE.LastHealthy(module(), tmp_path / "copies", paths)
    assert last.different(paths) == paths[:3]
    last.save("0.0.0.0:1")
    os.utime(files / "config", (2**32, 2**32))
    os.utime(files / "rules", (2**32, 2**32))
    assert last.different(paths) == []
    (files / "rules/two.yml").write_text("two")
    (files / "current").unlink()
    (files / "current").symlink_to("2.0")
    assert last.different(paths) == [paths[0], paths[2]]


def test_restored_files_are_as_they_were(tmp_path: Path, files: Path) -> None:
    paths = [files / "rules", files / "config", files / "current", files / "absent"]
    last = MODULE.LastHealthy(module(), tmp_path / "copies", paths)
    last.save("0.0.0.0:1")
    (files / "config").chmod(0o640)
    (files / "config").write_text("bad")
    (files / "absent").write_text("new")
    (files / "rules/two.yml").write_text("two")
    (files / "current").unlink()
    last.restore()
    assert last.different(paths) == []
    assert (files / "config").read_text() == "good"
    assert [path.name for path in (files / "rules").iterdir()] == ["one.yml"]
    assert (files / "current").readlink() == Path("1.0")
    assert not (files / "absent").exists()


def test_the_first_login_is_used(server: http.server.HTTPServer) -> None:
    address = f"127.0.0.1:{server.server_port}"
    logins = {"admin": "secret", "monitoring": "other"}
    assert MODULE.Service(module(address=address)).get("/private") is None
    assert MODULE.Service(module(address=address, logins=logins)).get("/private") is not None
