"""`ml-workshop deploy` and `rollback`: real commands, models and servers; fakes of systemd and HAProxy's socket."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploy_host import Host, wait_until


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
    result, _ = host.command("rollback", "--by", "ana", "--reason", "worse")
    assert (result["changed"], result["result"], result["revision"]) == (True, "rolled_back", first)
    host.assert_serves("blue", first)
    line = host.journal()[-1]
    assert (line["by"], line["action"], line["reason"], line["result"]) == (
        "ana",
        "rollback",
        "worse",
        "rolled_back",
    )
    assert (line["from"]["revision"], line["to"]["revision"]) == (second, first)
    metric = (host.root / "metrics" / "deployments.prom").read_text().splitlines()
    assert metric[1] == "# TYPE ml_workshop_deployment_timestamp_seconds gauge"
    assert f'{{slot="blue",release="r1",revision="{first}",result="rolled_back"}} ' in metric[2]
