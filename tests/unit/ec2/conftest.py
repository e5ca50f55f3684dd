"""The filters of playbooks/ec2_*.yml, and the playbooks themselves against moto (without containers)."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import requests

from ..role_module import load_file

ROOT = Path(__file__).parents[3]


def load_filters(name: str) -> ModuleType:
    return load_file(ROOT / f"playbooks/filter_plugins/{name}.py")


class Account:
    """A fake account, and a user's shell in it."""

    def __init__(self, url: str, directory: Path) -> None:
        self.url, self.directory = url, directory
        key = directory / "id_ed25519"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        self.settings = {
            "ec2_address_service": f"{url}/fake/address",
            "ec2_public_key": f"{key}.pub",
            "ec2_inventory_file": str(directory / "aws.ini"),
            "ec2_known_hosts_file": str(directory / "known_hosts"),
            "ec2_expire_hours": "0",  # nothing logs in
        }
        bin_directory = directory / "bin"  # moto's instances have no SSH
        bin_directory.mkdir()
        (bin_directory / "ssh").write_text("#!/bin/sh\n")
        (bin_directory / "ssh").chmod(0o755)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "EC2_"))},
            "PATH": f"{bin_directory}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "eu-central-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
            "ANSIBLE_NOCOLOR": "1",
        }

    def post(self, path: str, body: object = "") -> str:
        """Post to the fake's own pages or to moto's."""
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return requests.post(self.url + path, data, headers={"Content-Type": "text/plain"}, timeout=10).text

    def fail(self, action: str, code: str, **more: object) -> None:
        """Let an action of the API fail."""
        self.post("/fake/faults", [{"action": action, "code": code, **more}])

    def client(self, service: str = "ec2"):
        """Return a boto3 client."""
        import boto3

        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, endpoint_url=self.url, region_name="eu-central-1", **keys)

    def start(self, playbook: str, environment: dict[str, str | None] | None = None, **settings: str):
        """Start playbooks/ec2_PLAYBOOK.yml with settings behind -e; None removes an environment variable."""
        environ, more = self.environment | (environment or {}), json.dumps(self.settings | settings)
        return subprocess.Popen(
            ["ansible-playbook", "-i", "inventory/aws_ec2.yml", f"playbooks/ec2_{playbook}.yml", "-e", more],
            cwd=ROOT,
            env={name: value for name, value in environ.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def graph(self) -> str:
        """Return the groups, hosts and variables of the dynamic inventory."""
        command = ["ansible-inventory", "-i", "inventory/aws_ec2.yml", "--graph", "--vars"]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def run(self, playbook: str, environment: dict[str, str | None] | None = None, **settings: str) -> str:
        """Run a playbook that succeeds; return its output."""
        process = self.start(playbook, environment, **settings)
        output = process.communicate(timeout=240)[0]
        assert process.returncode == 0, output
        return output

    def run_failing(
        self, playbook: str, environment: dict[str, str | None] | None = None, **settings: str
    ) -> str:
        """Run a playbook that fails; return the sentence that it ends with."""
        process = self.start(playbook, environment, **settings)
        output = process.communicate(timeout=240)[0]
        assert process.returncode != 0, output
        failures = [line for line in output.splitlines() if line.startswith("fatal: ")]
        sentence = str(json.loads(failures[-1].split("=> ", 1)[1])["msg"])
        assert "Traceback" not in sentence
        return sentence


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., str]]:
    """Start fake APIs; return their URLs."""
    processes = []

    def _serve(**environment: str) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.ec2.server", "--port", "0"],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        processes.append(process)
        assert process.stdout
        return process.stdout.readline().split()[-1]

    yield _serve
    for process in processes:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="module")
def url(serve: Callable[..., str]) -> str:
    return serve()


@pytest.fixture
def account(url: str, tmp_path: Path) -> Account:
    empty = Account(url, tmp_path)
    empty.post("/moto-api/reset")
    empty.post("/fake/faults", [])
    return empty
