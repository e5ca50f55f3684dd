"""`ml-workshop deploy` and `rollback`; only systemd and HAProxy's socket are fakes."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploy_host import Host, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def host(trained: Path) -> Iterator[Host]:
    host = Host(Path(tempfile.mkdtemp(prefix="dep", dir="/tmp")), trained)
    yield host
    host.close()


def test_deploy_again_new_revision_rollback(host: Host) -> None:
    first = host.publish(1)
    result, _ = host.command("deploy", "--by", "ana", "--reason", "first")
    assert result["changed"] and result["result"] == "deployed" and result["previous"] == {}
    assert (result["slot"], result["release"], result["revision"]) == ("blue", "r1", first)
    host.assert_serves("blue", first)

    again, _ = host.command("deploy")
    assert (again["changed"], again["result"]) == (False, "unchanged")
    assert len(host.journal()) == 1

    second = host.publish(2)
    planned, _ = host.command("deploy", "--dry-run")
    assert planned["changed"] and planned["result"] == "planned"
    host.assert_serves("blue", first)
    result, _ = host.command("deploy")
    assert result["previous"] == {"slot": "blue", "release": "r1", "revision": first}
    host.assert_serves("green", second)

    shutil.rmtree(host.root / "registry")  # a rollback needs no repository
    planned, _ = host.command("rollback", "--dry-run")
    assert (planned["changed"], planned["result"], planned["revision"]) == (True, "planned", first)
    host.assert_serves("green", second)
    result, _ = host.command("rollback", "--by", "ana", "--reason", "worse")
    assert (result["changed"], result["result"], result["revision"]) == (True, "rolled_back", first)
    host.assert_serves("blue", first)
    line = host.journal()[-1]
    assert (line["by"], line["reason"]) == ("ana", "worse")
    assert (line["action"], line["result"]) == ("rollback", "rolled_back")
    assert (line["from"]["revision"], line["to"]["revision"]) == (second, first)
    metric = (host.root / "metrics" / "deployments.prom").read_text().splitlines()
    assert metric[1] == "# TYPE ml_workshop_deployment_timestamp_seconds gauge"
    assert f'{{slot="blue",release="r1",revision="{first}",result="rolled_back"}} ' in metric[2]


def test_unsigned_model_is_refused_and_signed_one_served(host: Host, keys: Path) -> None:
    first = host.publish(1)
    host.command("deploy")
    host.settings["verify_key_file"] = str(keys / "model.pub")
    second = host.publish(2)
    _, message = host.command("deploy", code=1)
    assert f"revision {second} is not signed" in message and "Slot blue still serves." in message
    host.assert_serves("blue", first)
    assert host.publish(2, keys / "model.key") == second
    host.command("deploy")
    host.assert_serves("green", second)


@pytest.mark.parametrize(
    ("step", "completed"),
    [
        ("systemd-run .* resolve", False),
        ("systemd-run .* pull", False),
        ("systemd-run .* predict", False),
        ("systemctl start", False),
        ("green weight 0", False),
        ("green state ready", False),
        ("green weight 100", False),
        ("blue state drain", False),
        ("systemctl enable", True),
        ("blue state maint", True),
        ("systemctl stop inference@blue", True),
        ("systemctl disable", True),
    ],
)
def test_killed_after_a_step_and_run_again(host: Host, step: str, completed: bool) -> None:
    first = host.publish(1)
    host.command("deploy")
    second = host.publish(2)
    host.kill_after(step)
    host.command("deploy", code=-9)
    servers = host.haproxy.servers
    assert any(s.admin == "ready" and s.weight and host.served(slot) for slot, s in servers.items()), "served"

    result, _ = host.command("deploy")
    assert result["changed"] and result["revision"] == second
    host.assert_serves("green", second)
    assert host.state()["slots"]["blue"]["revision"] == first
    results = [line["result"] for line in host.journal()]
    if completed:
        assert (result["result"], results) == ("repaired", ["deployed", "deployed"])
    else:
        resolved = "resolve" not in step
        assert (result["result"], results) == ("deployed", ["deployed", *["failed"] * resolved, "deployed"])
    again, _ = host.command("deploy")
    assert again["result"] == "unchanged"


def test_a_killed_first_deployment_and_a_killed_rollback(host: Host) -> None:
    first = host.publish(1)
    host.kill_after("blue weight 100")
    host.command("deploy", code=-9)
    host.command("deploy")
    host.assert_serves("blue", first)
    second = host.publish(2)
    host.command("deploy")
    host.kill_after("blue state ready")
    host.command("rollback", code=-9)
    status, _ = host.command("status", "--format", "json")
    assert (status["in_progress"]["action"], status["lock"]) == ("rollback", None)
    assert "killed" in host.command("status", "--format", "table")[0]
    result, _ = host.command("deploy")
    assert result["result"] == "repaired"
    host.assert_serves("green", second)
    host.command("rollback")
    host.assert_serves("blue", first)


def test_sigterm_undoes_the_deployment(host: Host) -> None:
    first = host.publish(1)
    host.command("deploy")
    host.publish(2)
    host.haproxy.servers["green"].reachable = False  # it waits for HAProxy's health check
    process = host.start("deploy")
    wait_until(lambda: "green state ready" in host.haproxy.commands)
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Interrupted by SIGTERM. Slot blue still serves." in output
    host.assert_serves("blue", first)


def test_haproxy_dies_after_the_switch(host: Host) -> None:
    host.publish(1)
    host.command("deploy")
    second = host.publish(2)

    def die() -> None:
        if (host.state()["in_progress"] or {}).get("phase") == "drain":
            raise ConnectionResetError

    host.haproxy.on_statistics = die
    message = host.command("deploy", code=1)[1]
    assert "HAProxy does not answer" in message
    assert f"Slot green serves release r1, revision {second[:12]}. The next 'ml-workshop deploy'" in message
    host.haproxy.on_statistics = lambda: None
    assert host.command("deploy")[0]["result"] == "repaired"
    host.assert_serves("green", second)


def test_a_rollback_stays(host: Host) -> None:
    first = host.publish(1)
    host.command("deploy")
    second = host.publish(2)
    host.command("deploy")
    host.command("rollback", "--by", "ana", "--reason", "worse on Mondays")
    result, _ = host.command("deploy")
    assert (result["changed"], result["result"], result["revision"]) == (False, "pinned", first)
    assert f"ana rolled back from release r1, revision {second[:12]}" in result["message"]
    status, _ = host.command("status", "--format", "json")
    assert status["pin"]["revision"] == first and "worse on Mondays" in status["pin"]["why"]
    assert "pinned: revision" in host.command("status", "--format", "table")[0]

    host.settings["serve_options"] = ["--workers", "2"]  # options apply to what is pinned
    result, _ = host.command("deploy")
    assert (result["result"], result["revision"]) == ("deployed", first)
    assert host.command("deploy")[0]["result"] == "pinned"

    third = host.publish(3)  # a newer revision ends it
    assert host.command("deploy", "--dry-run")[0]["result"] == "planned"
    result, _ = host.command("deploy")
    assert (result["result"], result["revision"]) == ("deployed", third)
    assert host.command("status", "--format", "json")[0]["pin"] is None

    host.command("rollback")
    result, _ = host.command("deploy", "--revision", third[:10])  # and so does asking for one
    assert (result["result"], result["revision"]) == ("deployed", third)

    host.command("rollback")
    host.install("r2")  # and another release
    result, _ = host.command("deploy")
    assert (result["release"], result["revision"]) == ("r2", third)
    assert (host.root / "app" / "in_use" / result["slot"]).readlink() == Path("../releases/r2")

    host.command("rollback")
    result, _ = host.command("rollback")  # forward again: nothing is pinned
    assert (result["release"], host.state()["pin"]) == ("r2", None)


def test_rollback_to_a_missing_release(host: Host) -> None:
    first = host.publish(1)
    host.command("deploy")
    host.install("r2")
    host.command("deploy")
    (host.root / "app" / "releases" / "r1").rename(host.root / "r1")
    assert "Release r1 is not in" in host.command("rollback", code=1)[1]
    (host.root / "r1").rename(host.root / "app" / "releases" / "r1")
    host.assert_serves("green", first)


def test_repairs_what_differs(host: Host) -> None:
    first = host.publish(1)
    host.command("deploy")
    host.haproxy.servers["blue"].weight = 7
    host.haproxy.servers["green"].admin = "ready"
    (host.root / "server-state").unlink()
    (host.root / "app" / "in_use" / "blue").unlink()
    (host.root / "systemd" / "inference@blue.service.enabled").unlink()
    result, _ = host.command("deploy")
    assert (result["changed"], result["result"]) == (True, "repaired")
    host.assert_serves("blue", first)
    assert host.command("deploy")[0]["result"] == "unchanged"


@pytest.mark.parametrize("loss", ["unit", "state"])
def test_serving_slot_is_dead_or_its_state_lost(host: Host, loss: str) -> None:
    first = host.publish(1)
    host.command("deploy")
    if loss == "unit":
        pid = int((host.root / "systemd" / "inference@blue.service.pid").read_text())
        os.killpg(pid, 9)
        wait_until(lambda: host.served("blue") is None)
    else:
        (host.root / "deployments" / "state.json").unlink()
    result, _ = host.command("deploy")
    assert (result["result"], result["slot"]) == ("deployed", "green")
    assert host.served("green") == first
    if loss == "unit":
        host.assert_serves("green", first)


def test_state_from_a_backup_stops_no_slot_that_serves(host: Host) -> None:
    host.publish(1)
    host.command("deploy")
    state = host.root / "deployments" / "state.json"
    backup = state.read_text()
    second = host.publish(2)
    host.command("deploy")
    state.write_text(backup)
    host.install("broken")
    host.settings["serve_options"] = ["--workers", "0"]
    host.command("deploy", code=1)
    assert host.served("green") == second
    host.settings["serve_options"] = ["--workers", "1"]
    host.command("deploy")
    host.assert_serves("blue", second)


@pytest.mark.parametrize(
    "damage",
    [
        {"serving": "red"},
        {"serving": ["blue"]},
        {"slots": {"blue": None}},
        {"slots": {"blue": {"release": "r1", "revision": 5}, "green": None}},
        {"slots": {"blue": {"release": "r1", "revision": "5", "serve_options": [1]}, "green": None}},
        {"in_progress": {"slot": "red"}},
        None,
    ],
)
def test_damaged_state_is_an_error(host: Host, damage: dict[str, object] | None) -> None:
    host.publish(1)
    (host.root / "deployments").mkdir()
    state = {"serving": "blue", "slots": {"blue": None, "green": None}, "pin": None, "in_progress": None}
    text = json.dumps(state | damage) if damage else "{"
    (host.root / "deployments" / "state.json").write_text(text)
    for command in ("deploy", "rollback", "status"):
        message = host.command(command, code=1)[1]
        assert "state.json cannot be read" in message and "remove it" in message


def test_models_on_disk(host: Host) -> None:
    """A truncated one is pulled again, an intact one needs no repository, old ones are removed."""
    revisions = [host.publish(seed) for seed in (1, 2)]
    host.command("deploy", "--revision", revisions[0])
    shutil.copytree(host.root / "registry" / "revisions" / revisions[1], host.root / "models" / revisions[1])
    (host.root / "models" / revisions[1] / "vocabulary.txt").write_text("a")
    host.command("deploy")
    host.assert_serves("green", revisions[1])

    repository = host.root / "registry"
    repository.rename(host.root / "away")
    host.command("deploy", "--revision", revisions[0])
    host.assert_serves("blue", revisions[0])
    (host.root / "away").rename(repository)

    left = host.root / "models" / f".{'0' * 40}.partial-killed"
    left.mkdir()
    for seed in (3, 4, 5):
        revisions.append(host.publish(seed))
        host.command("deploy")
    assert not left.exists()
    assert sorted(path.name for path in (host.root / "models").iterdir()) == sorted(revisions[-3:])


def test_other_options_unit_or_dependencies_are_a_reason_to_deploy(host: Host) -> None:
    first = host.publish(1)
    host.command("deploy")
    (host.root / "inference@.service").write_text("[Service]\nNice=1\n")
    assert host.command("deploy")[0]["result"] == "deployed"
    (host.root / "env/lib/python3.11/site-packages/flask-3.2.dist-info").mkdir(parents=True)
    assert host.command("deploy")[0]["result"] == "deployed"
    host.settings["serve_options"] = ["--workers", "2"]
    assert host.command("deploy")[0]["result"] == "deployed"
    host.assert_serves("green", first)
    assert host.command("deploy")[0]["result"] == "unchanged"
