"""The user data that instances run at their first boot."""

import json
import subprocess

import yaml

from .conftest import ROOT

LOOKUP = "msg={{ lookup('ansible.builtin.template', 'templates/ec2-user-data.yml.j2') }}"


def test_cloud_init_installs_the_timer_that_ends_the_instance() -> None:
    command = ["ansible", "localhost", "-i", "localhost,", "-m", "ansible.builtin.debug", "-a", LOOKUP]
    variables = {"ec2_expires": "2026-11-26T20:54:53Z", "ansible_managed": "managed"}
    done = subprocess.run(
        [*command, "-e", json.dumps(variables)],
        cwd=ROOT / "playbooks",
        check=True,
        capture_output=True,
        text=True,
    )
    text = json.loads(done.stdout.split("=> ", 1)[1])["msg"]
    assert text.startswith("#cloud-config\n")
    data = yaml.safe_load(text)
    files = {entry["path"].rsplit("/", 1)[1]: entry["content"] for entry in data["write_files"]}
    assert set(files) == {"ec2-expiry.service", "ec2-expiry.timer"}
    assert "OnCalendar=2026-11-26 20:54:53 UTC\n" in files["ec2-expiry.timer"]
    assert data["runcmd"] == [["systemctl", "enable", "--now", "ec2-expiry.timer"]]
