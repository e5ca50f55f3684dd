"""A slot behind HAProxy, with the configuration that the role `gateway` writes.

`python -m peers.gateway MODEL PORT WORKERS [API_KEY]`; with a key, PORT is HTTPS.
It needs haproxy, and Ansible in the repository's .venv.
"""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
COMMAND = Path(sys.executable).with_name("ml-workshop")
RENDER = (
    "import sys; from pathlib import Path; from local_gateway import write_configuration as write; "
    "write(Path(sys.argv[1]), '127.0.0.1:' + sys.argv[2], '127.0.0.1:' + sys.argv[3], *sys.argv[4:])"
)


def main(model: str, port: str, workers: str, api_key: str = "") -> None:
    """Serve until a signal ends all processes of this one's group."""
    with tempfile.TemporaryDirectory(prefix="ml-workshop-bench-") as directory:
        ports = (_free_port(), _free_port(), port, api_key) if api_key else (port, _free_port())
        subprocess.run(
            [ROOT / ".venv" / "bin" / "python", "-c", RENDER, directory, *ports],
            cwd=ROOT / "tests" / "live",
            check=True,
        )
        slot = [
            COMMAND,
            "serve",
            "--model",
            model,
            "--socket",
            f"{directory}/blue.sock",
            "--workers",
            workers,
        ]
        haproxy = ["haproxy", "-W", "-db", "-f", Path(directory, "haproxy.cfg")]
        processes = [subprocess.Popen(slot), subprocess.Popen(haproxy)]
        for process in processes:
            process.wait()


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
