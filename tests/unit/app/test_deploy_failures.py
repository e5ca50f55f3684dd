"""Failed deployments: the old slot still serves, the error is one sentence, nothing is left behind."""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deploy_host import Host, wait_until
from fake_hub import WRITER
from ml_workshop.deploy.haproxy import HAProxy
from ml_workshop.deploy.slots import last_log_line
from ml_workshop.errors import DeployError
from ml_workshop.model.manifest import write_manifest
from ml_workshop.registry.repository import open_repository
from server_process import http_server, respond

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared(trained: Path) -> Iterator[Host]:
    """One host, which serves revision `first` from its blue slot in every test."""
    host = Host(Path(tempfile.mkdtemp(prefix="dep", dir="/tmp")), trained)
    first = host.publish(1)
    host.command("deploy")
    host.first = first  # type: ignore[attr-defined]
    yield host
    host.close()


@pytest.fixture
def host(shared: Host) -> Iterator[Host]:
    """The shared host; checks after the test that it serves its revision and has no leftovers."""
    settings, first = dict(shared.settings), shared.first  # type: ignore[attr-defined]
    yield shared
    shared.settings = settings
    try:
        shared.assert_serves("blue", first)
        assert sorted(path.name for path in (shared.root / "models").iterdir()) == [first]
        assert not (shared.root / "slots" / "green.env").exists()
    finally:  # also after a failed check
        shared.haproxy.servers["green"].reachable = True
        del shared.haproxy.commands[:]


def failed(host: Host, *arguments: str, code: int = 1) -> str:
    """Run a deployment that fails; return its message."""
    result, message = host.command("deploy", *arguments, code=code)
    assert (result["changed"], result["result"]) == (False, "failed")
    assert message.removeprefix("ml-workshop: ") == result["message"]
    assert "Traceback" not in message
    return message


def published(host: Host, change: str) -> str:
    """Publish a bad model past the checks of `push`; return its revision."""
    model = Path(shutil.copytree(host.model, host.root / "bad"))
    config = json.loads((model / "config.json").read_text())
    if change == "created":
        config["created"] = "yesterday"
    if change == "labels":
        config["label_names"] = config["label_names"][::-1]
    (model / "config.json").write_text(json.dumps(config))
    if change == "nan":
        weights = model / "model.safetensors"
        from safetensors.numpy import load_file, save_file

        tensors = load_file(weights)
        tensors["bias"][0] = np.nan
        save_file(tensors, weights)
    write_manifest(model)
    revision = open_repository(host.settings["model_repo"]).publish(model)
    shutil.rmtree(model)
    return revision


def test_wrong_golden_label(host: Host) -> None:
    published(host, "labels")
    calls = host.root / "systemd" / "calls"
    starts = calls.read_text().count('"start"')
    message = failed(host, code=3)
    assert calls.read_text().count('"start"') == starts, "refused before its slot starts"
    assert "The golden review is " in message and f" instead of {host.settings['golden_label']} (" in message
    assert host.journal()[-1]["result"] == "failed"


@pytest.mark.parametrize(("change", "file"), [("nan", "model.safetensors"), ("created", "config.json")])
def test_bad_model(trained: Path, change: str, file: str) -> None:
    host = Host(Path(tempfile.mkdtemp(prefix="dep", dir="/tmp")), trained)
    try:
        published(host, change)
        assert file in failed(host, code=3)
    finally:
        host.close()


def test_release_that_cannot_be_imported(host: Host) -> None:
    release = host.root / "app" / "releases" / "broken" / "ml_workshop"
    release.mkdir(parents=True)
    (release / "__init__.py").write_text("import no_such_module\n")
    (release / "__main__.py").write_text("")
    host.publish(2)
    message = failed(host, "--release=broken")
    assert "Release broken does not run (ModuleNotFoundError: No module named 'no_such_module')" in message


def test_release_that_fails_to_serve(host: Host) -> None:
    host.publish(2)
    host.settings["serve_options"] = ["--workers", "0"]
    message = failed(host)
    assert "systemd could not start it" in message and "journalctl -u inference@green" in message


def test_log_within_the_second_of_the_start(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{host.root / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SYSTEMD", str(host.root / "systemd"))
    log = host.root / "systemd" / "inference@green.service.log"
    log.write_text("started\nfailed\n")
    os.utime(log, (1000.8, 1000.8))
    assert last_log_line("green", since=1000.7) == "failed"
    assert last_log_line("green", since=1000.9) == ""


@pytest.mark.parametrize("release", ["nothing", "../r1", "", "a b"])
def test_missing_release(host: Host, release: str) -> None:
    host.settings["release"] = release
    if release:
        assert f"Release {release} is not in" in failed(host)
        assert host.journal()[-1]["to"]["release"] == release
    else:
        assert host.command("deploy", "--dry-run")


def test_missing_revision(host: Host) -> None:
    assert "has no revision 0000000" in failed(host, "--revision", "0000000")


def test_prefix_of_a_revision(host: Host) -> None:
    first: str = host.first  # type: ignore[attr-defined]
    repository, second = open_repository(host.settings["model_repo"]), host.publish(2)
    assert repository.resolve(second[:7]) == second
    result, _ = host.command("deploy", "--revision", first[:7])
    assert (result["result"], result["revision"]) == ("unchanged", first)


def break_off_weights(hub: str, request: BaseHTTPRequestHandler) -> None:
    """Forward a request to the hub; close connection and server in the middle of the weights."""
    forwarded = urllib.request.Request(hub + request.path, method=request.command)  # noqa: S310
    with urllib.request.build_opener(NoRedirect).open(forwarded) as answer:
        body = answer.read()
        request.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("date", "server", "connection"):
                request.send_header(name, value)
        request.end_headers()
    is_weights = request.command == "GET" and "model.safetensors" in request.path
    request.wfile.write(body[: len(body) // 2] if is_weights else body)
    request.close_connection = True
    if is_weights:
        request.server.server_close()


class NoRedirect(urllib.request.HTTPErrorProcessor):
    def http_response(self, _request: object, response: object) -> object:
        return response


def test_repository_breaks_off_a_pull(
    host: Host, hub: str, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    environment = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0", "HF_HOME": str(host.root / "hf")}
    push = ("push", "--model", host.model, "--repo", "hf://made-up/model")
    assert command(*push, HF_ENDPOINT=hub, HF_TOKEN=WRITER, **environment).returncode == 0
    host.settings |= {"model_repo": "hf://made-up/model"}
    with http_server(partial(break_off_weights, hub)) as address:
        host.settings |= {"pull_environment": {**environment, "HF_ENDPOINT": address}}
        assert "Model repository hf://made-up/model cannot be reached" in failed(host)


def test_missing_repository(host: Host) -> None:
    host.publish(1)
    away = host.root / "away"
    (host.root / "registry").rename(away)
    message = failed(host)
    away.rename(host.root / "registry")
    assert "is empty" in message


def test_revision_lost_files(host: Host) -> None:
    revision = host.publish(4)
    (host.root / "registry" / "revisions" / revision / "vocabulary.txt").unlink()
    assert "vocabulary.txt of dir://" in failed(host) and "is missing" in host.journal()[-1]["message"]
    shutil.rmtree(host.root / "registry" / "revisions" / revision)


def test_disk_full_while_pulling(host: Host) -> None:
    revision = host.publish(5)
    limit = host.root / "systemd" / "file_size_limit"
    limit.write_text("20000")
    message = failed(host)
    limit.unlink()
    assert f"{host.root / 'models' / revision} cannot be written: File too large." in message


def test_haproxy_is_stopped(host: Host) -> None:
    host.publish(6)
    address = host.haproxy.server.server_address
    Path(str(address)).rename(f"{address}.away")
    message = failed(host)
    status, _ = host.command("status", "--format", "json")
    Path(f"{address}.away").rename(str(address))
    assert f"HAProxy does not answer on {address}: run 'systemctl status haproxy'." in message
    assert "HAProxy does not answer" in status["problem"] and status["slots"]["blue"]["weight"] is None


def test_the_socket_of_haproxy_needs_root(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    tmp_path.chmod(0)
    request.getfixturevalue("unprivileged")
    with pytest.raises(DeployError, match=r"admin.sock cannot be opened .*: run this as root\."):
        HAProxy(tmp_path / "admin.sock", tmp_path / "state").servers()


def test_haproxy_cannot_reach_the_candidate(host: Host) -> None:
    host.publish(6)
    host.settings["health_timeout"] = 2
    host.haproxy.servers["green"].reachable = False
    message = failed(host)
    assert "HAProxy's health check of slot green does not pass within 2 s" in message


def test_second_deployment_at_the_same_time(host: Host) -> None:
    host.publish(7)
    host.haproxy.servers["green"].reachable = False
    first = host.start("deploy", "--by", "ana")
    wait_until(lambda: "green state ready" in host.haproxy.commands)
    result, message = host.command("deploy", "--by", "ben", code=4)
    assert result["result"] == "locked"
    assert "ana started it at 20" in message and f"(process {first.pid})" in message
    status, _ = host.command("status", "--format", "json")
    assert (status["lock"]["by"], status["in_progress"]["phase"]) == ("ana", "shift")
    assert "in progress: deploy by ana" in host.command("status", "--format", "table")[0]
    first.terminate()
    first.communicate(timeout=20)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"keep_models": "3"}, "setting keep_models is '3': it must be int"),
        ({"steps": [50]}, "do not ascend"),
        ({"colour": "red"}, "unknown setting colour"),
        ({"serve_options": ["--model-name", "a b"]}, "use no spaces"),
        ({"models_dir": "models"}, "must be an absolute path"),
        ({"unit_file": "/no/unit"}, "/no/unit cannot be read"),
    ],
)
def test_bad_settings(host: Host, change: dict[str, object], sentence: str) -> None:
    host.settings = {**host.settings, **change}
    assert sentence in failed(host)


def test_missing_setting(host: Host) -> None:
    del host.settings["user"]
    assert "setting user is missing" in failed(host)


def test_nothing_to_roll_back_to(host: Host) -> None:
    result, message = host.command("rollback", code=1)
    assert "There is no earlier deployment to go back to" in message and not result["changed"]


def answer_status_query(values: dict[str, list[Any]], request: BaseHTTPRequestHandler) -> None:
    query = urllib.parse.parse_qs(urllib.parse.urlparse(request.path).query)["query"][0]
    rows = next(rows for name, rows in values.items() if name in query)
    respond(
        request,
        {"data": {"result": [{"metric": labels, "value": [0, str(value)]} for labels, value in rows]}},
    )


def test_report_has_the_figures_of_prometheus(host: Host) -> None:
    values: dict[str, list[Any]] = {
        "flask_http_request_duration_seconds_count": [({}, 1.5)],
        "slo:period_error_budget_remaining:ratio": [({"sloth_slo": "latency"}, -1.58)],
        "ALERTS": [({"alertname": "B"}, 1), ({"alertname": "A"}, 1), ({"alertname": "A"}, 1)],
        "ml_workshop_certificate_not_after_timestamp_seconds": [({}, 89.5)],
    }
    with http_server(partial(answer_status_query, values)) as host.settings["prometheus_url"]:
        report, _ = host.command("status", "--format", "report")
        assert (report["slot"], report["requests_per_second"]) == ("blue", 1.5)
        assert (report["error_budget_left"], report["alerts"]) == ({"latency": -1.58}, ["A", "B"])
        assert report["certificate_days_left"] == 89.5
        values["ml_workshop_certificate_not_after_timestamp_seconds"] = []
        assert host.command("status", "--format", "report")[0]["certificate_days_left"] is None
    report, _ = host.command("status", "--format", "report")
    assert report["alerts"] is None and "cannot be queried" in report["problem"]
    host.settings["prometheus_url"] = ""


def test_history_and_status(host: Host) -> None:
    first: str = host.first  # type: ignore[attr-defined]
    entries, _ = host.command("history", "--format", "json", "--lines", "1")
    assert len(entries) == 1 and entries[0]["result"] == "failed"
    with (host.root / "deployments" / "journal.jsonl").open("a") as journal:
        journal.write('[1]\n5\n{"torn')
    entries, _ = host.command("history", "--format", "json", "--lines", "1")
    assert len(entries) == 1 and entries[0]["result"] == "failed"
    table, _ = host.command("history")
    assert table.splitlines()[0].split()[:4] == ["time", "by", "action", "result"]
    status, _ = host.command("status", "--format", "json")
    slot = status["slots"]["blue"]
    assert (status["serving"], slot["unit"]) == ("blue", "active")
    assert (slot["release"], slot["revision"]) == ("r1", first)
    assert (slot["weight"], slot["haproxy"], status["pin"], status["lock"]) == (100, "UP", None, None)
    assert (slot["accuracy"] > 0.8, slot["since"]) == (True, "2026-11-25T20:00:00Z")
    table, _ = host.command("status", "--format", "table")
    assert first[:12] in table
    journal_file = host.root / "deployments" / "journal.jsonl"
    complete = journal_file.read_text()
    journal_file.write_text(complete + '\n{"id": "1", "time": "2026-11-25T20:00:00Z"}\n')
    sentence = f"{journal_file}, line {complete.count(chr(10)) + 2} has no valid 'by': remove the line."
    assert sentence in host.command("history", code=1)[1]
    status, _ = host.command("status", "--format", "json")
    assert (status["problem"], status["last_deployment"]) == (sentence, None)
    assert host.command("rollback", code=1) and journal_file.read_text().count("\n") >= 2
