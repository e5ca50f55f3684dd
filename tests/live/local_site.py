"""A site without hosts: slot, HAProxy, Locust, node_exporter and Prometheus as processes of this machine."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
import yaml
from local_gateway import set_state, write_configuration

ROOT = Path(__file__).parents[2]
APPLICATION = ROOT / "app" / ".venv" / "bin"
PACKAGES = ROOT / ".cache" / "live"
REVISION = "0123456789abcdef0123456789abcdef01234567"
PAGES = ("libjs-bootstrap4", "libjs-jquery", "libjs-popper.js")
"""Packages that Debian's Prometheus needs for its pages."""


@dataclass(frozen=True)
class Site:
    """Addresses of Prometheus, Locust's web UI and gateway; admin's password; directory of a local site."""

    prometheus: str
    locust: str
    service: str = ""
    password: str = ""
    directory: Path | None = None

    @property
    def login(self) -> tuple[str, str]:
        """Name and password of who may see all pages."""
        return "admin", self.password


@contextlib.contextmanager
def local_site(directory: Path) -> Iterator[Site]:
    """Start a site whose Prometheus scrapes every second; its logs and data go to the directory."""
    service, gateway, locust, node_exporter, prometheus = (f"127.0.0.1:{port}" for port in free_ports(5))
    configuration = directory / "prometheus.yml"
    targets = {
        "gateway": gateway,
        "locust": locust,
        "node_exporter": node_exporter,
        "prometheus": prometheus,
    }
    configuration.write_text(yaml.safe_dump(prometheus_configuration(targets)))
    (directory / "metrics").mkdir()
    (directory / "textfiles").mkdir()
    (directory / "textfiles" / "deployments.prom").write_text(
        'ml_workshop_deployment_timestamp_seconds{slot="blue",release="1.0.0",'
        f'revision="{REVISION}",result="deployed"}} {time.time()}\n'
    )
    subprocess.run(
        [APPLICATION / "ml-workshop", "train", "--dataset", "sample", "--output-dir", directory / "model"],
        check=True,
        capture_output=True,
    )
    locustfile = subprocess.run(
        [APPLICATION / "ml-workshop", "locustfile"], check=True, capture_output=True, text=True
    ).stdout.strip()
    listen = "--web.listen-address"
    programs: dict[str, tuple[list[str | Path], str]] = {
        "slot": (
            [
                *(APPLICATION / "ml-workshop", "serve", "--model", directory / "model"),
                *("--socket", directory / "blue.sock"),
            ],
            f"http://{service}/health/ready",
        ),
        "gateway": (
            [
                program("haproxy", "haproxy"),
                *("-db", "-f", write_configuration(directory, service, gateway)),
            ],
            f"http://{gateway}/metrics",
        ),
        "locust": (
            [
                *(APPLICATION / "locust", "--locustfile", locustfile, "--host", f"http://{service}"),
                *("--web-host", "127.0.0.1", "--web-port", port_of(locust)),
            ],
            f"http://{locust}/",
        ),
        "node_exporter": (
            [
                *(
                    program("prometheus-node-exporter", "prometheus-node-exporter"),
                    f"{listen}={node_exporter}",
                ),
                f"--collector.textfile.directory={directory / 'textfiles'}",
            ],
            f"http://{node_exporter}/",
        ),
        "prometheus": (
            [
                *(program("prometheus", "prometheus", *PAGES), f"--config.file={configuration}"),
                *(f"{listen}={prometheus}", f"--storage.tsdb.path={directory / 'tsdb'}"),
                f"--web.console.templates={ROOT / 'monitoring' / 'consoles'}",
                *unpacked_pages(),
            ],
            f"http://{prometheus}/-/ready",
        ),
    }
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "PROMETHEUS_MULTIPROC_DIR": str(directory / "metrics"),
        "PATH": f"{APPLICATION}:{os.environ['PATH']}",
    }
    with contextlib.ExitStack() as stack:
        for name, (command, _) in programs.items():
            stack.enter_context(running(command, environment, directory / f"{name}.log"))
        set_state(directory, "green", "maint")
        for name, (_, address) in programs.items():
            wait_for(address, directory / f"{name}.log")
        yield Site(f"http://{prometheus}", f"http://{locust}", f"http://{service}", directory=directory)


def prometheus_configuration(targets: dict[str, str]) -> dict[str, object]:
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ROOT / "monitoring" / "rules" / "*.yml")],
        "scrape_configs": [
            *({"job_name": job, "static_configs": [{"targets": [at]}]} for job, at in targets.items()),
            {
                "job_name": "inference",
                "static_configs": [
                    {
                        "targets": [targets["gateway"]],
                        "labels": {"slot": slot, "__metrics_path__": f"/slots/{slot}/metrics"},
                    }
                    for slot in ("blue", "green")
                ],
            },
        ],
    }


def program(name: str, package: str, *more: str) -> Path:
    """A program of this machine, or of the distribution's packages, unpacked below .cache."""
    if found := shutil.which(name):
        return Path(found)
    unpacked = PACKAGES / package
    for needed in (package, *more):
        if not list(PACKAGES.glob(f"{needed}_*.deb")):
            unpack(needed, unpacked)
    return unpacked / "usr" / "bin" / name


def unpack(package: str, directory: Path) -> None:
    PACKAGES.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "-q", package], cwd=PACKAGES, check=True, capture_output=True)
    [archive] = PACKAGES.glob(f"{package}_*.deb")
    subprocess.run(["dpkg-deb", "--extract", archive, directory], check=True)


def unpacked_pages() -> list[str]:
    """The option that leads an unpacked Prometheus to its pages."""
    pages = PACKAGES / "prometheus" / "usr" / "share" / "prometheus" / "web"
    return [] if shutil.which("prometheus") else [f"--web.local-assets={pages}/"]


@contextlib.contextmanager
def running(command: list[str | Path], environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(address: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.RequestException):
            if requests.get(address, timeout=2).ok:
                return
        time.sleep(0.1)
    raise AssertionError(f"{address} does not answer:\n{log.read_text()[-2000:]}")


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in sockets]


def port_of(address: str) -> str:
    return address.rpartition(":")[2]
