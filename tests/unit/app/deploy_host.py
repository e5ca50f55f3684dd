"""A serving host for tests of deployments; only systemd and HAProxy's socket are fakes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import ml_workshop
from fake_haproxy import FakeHAProxy
from ml_workshop.registry.publishing import push
from models import change_seed
from server_process import UnixConnection

SOURCE = Path(ml_workshop.__file__).parent


class Host:
    """Everything is below `root`, which has a short name: it holds Unix sockets."""

    def __init__(self, root: Path, trained: Path) -> None:
        self.root = root
        self.run = root / "run"
        self.model = Path(shutil.copytree(trained, root / "trained"))
        golden = json.loads((trained / "config.json").read_text())
        for name in ("run", "systemd", "bin", "models", "registry"):
            (root / name).mkdir()
        for name in ("systemctl", "systemd-run", "journalctl"):
            (root / "bin" / name).symlink_to(Path(__file__).with_name("fake_systemd.py"))
        (root / "inference@.service").write_text("[Service]\n")
        self.interpreter = root / "env/bin/python"
        self.interpreter.parent.mkdir(parents=True)
        self.interpreter.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        self.interpreter.chmod(0o755)
        self.install("r1")
        self.haproxy = FakeHAProxy(root / "haproxy.sock", self.run)
        self.settings: dict[str, Any] = {
            "model_repo": f"dir://{root / 'registry'}",
            "model_revision": "latest",
            "release": "",
            "python": str(self.interpreter),
            "app_dir": str(root / "app"),
            "models_dir": str(root / "models"),
            "state_dir": str(root / "deployments"),
            "slots_dir": str(root / "slots"),
            "metrics_file": str(root / "metrics" / "deployments.prom"),
            "unit_file": str(root / "inference@.service"),
            "user": "ml-workshop",
            "haproxy_socket": str(root / "haproxy.sock"),
            "haproxy_state_file": str(root / "server-state"),
            "serve_options": ["--workers", "1"],
            "golden_review": golden["golden"][0]["text"],
            "golden_label": golden["label_names"][golden["golden"][0]["prediction"]],
            "health_timeout": 20,
            "drain_timeout": 5,
            "keep_models": 3,
            "sandbox": ["ProtectSystem=strict"],
            "pull_environment": {},
            "hub_token_file": "",
            "steps": [100],
            "step_seconds": 0,
            "step_min_requests": 100,
            "prometheus_url": "",
            "prometheus_instance": "here",
            "objectives": [
                {"name": "availability", "objective": 99.9},
                {"name": "latency", "objective": 99.0, "threshold_seconds": 0.05},
            ],
            "runtime_dir": str(self.run),
        }

    def close(self) -> None:
        for path in (self.root / "systemd").glob("*.pid"):
            try:
                os.killpg(int(path.read_text()), signal.SIGKILL)
            except (ProcessLookupError, ValueError):
                continue
        self.haproxy.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def install(self, release: str) -> None:
        """Install a release, as the role application does, and make it current."""
        directory = self.root / "app" / "releases" / release
        directory.mkdir(parents=True)
        (directory / "ml_workshop").symlink_to(SOURCE)
        current = self.root / "app" / "current"
        current.unlink(missing_ok=True)
        current.symlink_to(directory)

    def publish(self, seed: int = 1, signing_key: Path | None = None) -> str:
        """Publish the model with another content; return its revision."""
        change_seed(self.model, seed)
        return push(self.model, self.settings["model_repo"], signing_key=signing_key)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        settings = self.root / "deploy.json"
        settings.write_text(json.dumps(self.settings))
        command = [
            sys.executable,
            "-m",
            "ml_workshop",
            arguments[0],
            f"--settings={settings}",
            *arguments[1:],
        ]
        environment = {
            "PATH": f"{self.root / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FAKE_SYSTEMD": str(self.root / "systemd"),
            "HOME": str(self.root),
            "PYTHONPATH": str(SOURCE.parent),
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)

    def command(self, *arguments: str, code: int = 0) -> tuple[Any, str]:
        """Run the command; return the object on standard output and the last line of standard error."""
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=60)
        assert process.returncode == code, (process.returncode, output, errors)
        result = json.loads(output) if output.startswith(("{", "[")) else output
        return result, errors.strip().rpartition("\n")[2]

    def kill_after(self, pattern: str) -> None:
        """Kill (-9) the next deployment after its first call of systemd or HAProxy that matches."""
        (self.root / "systemd" / "kill_after").write_text(pattern)
        self.haproxy.kill_after = pattern

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.root / "deployments" / "state.json").read_text())
        return state

    def journal(self) -> list[dict[str, Any]]:
        text = (self.root / "deployments" / "journal.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def served(self, slot: str) -> str | None:
        """The revision that a slot answers with; None if it is stopped."""
        connection = UnixConnection(self.run / f"inference-{slot}" / "http.sock")
        try:
            body = json.dumps({"text": self.settings["golden_review"]})
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            return str(json.loads(connection.getresponse().read())["model_revision"])
        except OSError:
            return None
        finally:
            connection.close()

    def enabled(self) -> list[str]:
        links = (self.root / "systemd").glob("*.enabled")
        return sorted(path.name.split("@")[1].split(".")[0] for path in links)

    def leftovers(self) -> list[str]:
        """Files that only a killed or failed deployment could have left."""
        hidden = [str(path) for path in self.root.rglob(".*partial*")]
        transient = self.root / "systemd" / "ml-workshop-deploy-sandbox.service.pid"
        return hidden + ([str(transient)] if transient.exists() else [])

    def assert_serves(self, slot: str, revision: str) -> None:
        """Check that one slot serves, alone, in every place that records it."""
        other = "green" if slot == "blue" else "blue"
        servers, state = self.haproxy.servers, self.state()
        assert (servers[slot].admin, servers[slot].weight) == ("ready", 100)
        assert servers[other].admin == "maint"
        assert self.served(slot) == revision
        assert self.served(other) is None
        assert self.enabled() == [slot]
        assert (state["serving"], state["in_progress"]) == (slot, None)
        assert state["slots"][slot]["revision"] == revision
        for name, spec in state["slots"].items():
            env_file, link = self.root / "slots" / f"{name}.env", self.root / "app" / "in_use" / name
            assert env_file.exists() == link.is_symlink() == (spec is not None)
            if spec:
                assert f"models/{spec['revision']}\n" in env_file.read_text()
                assert link.resolve().name == spec["release"]
        assert self.leftovers() == []
        lines = (self.root / "server-state").read_text().splitlines()[2:]
        bits = {line.split()[3]: line.split()[6:8] for line in lines if " inference " in line}
        assert bits[slot] == ["0", "100"] and bits[other][0] == "1"


def wait_until(condition: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
