"""HAProxy's runtime API (management guide, section 9.3), as far as deployments need it."""

import csv
import io
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from ml_workshop.atomic import replace_file
from ml_workshop.deploy.errors import DeployError

BACKEND = "inference"

_MAINTENANCE, _DRAIN = 0x01 | 0x02 | 0x04, 0x08 | 0x10
"""Bits of srv_admin_state."""


@dataclass(frozen=True)
class Server:
    """One server of the backend.

    Attributes:
        admin: "ready", "drain" or "maint".
        weight: 0 to 256.
        status: As `show stat` has it: "UP", "UP 1/3", "DOWN", "MAINT", "no check"...
        sessions: Current and queued.
        requests: Since HAProxy was started.
        errors: Answers with status 5xx since then.
        response_ms: Average response time of the last 1024 requests.
    """

    admin: str
    weight: int
    status: str
    sessions: int
    requests: int
    errors: int
    response_ms: float

    @property
    def usable(self) -> bool:
        """Whether a health check passed since the server left maintenance ("UP 1/3": not yet)."""
        return self.status in ("UP", "DRAIN", "no check")


class HAProxy:
    """The runtime API on a Unix socket of level admin."""

    def __init__(self, socket_file: Path, state_file: Path, patience: float = 3) -> None:
        """Nothing is asked yet.

        Args:
            socket_file: Of the runtime API.
            state_file: What HAProxy reads at its next start: `load-server-state-from-file`.
            patience: Seconds in which HAProxy may restart.
        """
        self._socket_file = socket_file
        self._state_file = state_file
        self._patience = patience

    def servers(self) -> dict[str, Server]:
        """Return the servers of the backend by name.

        Raises:
            DeployError: HAProxy does not answer, or has no such backend.
        """
        states = {row["srv_name"]: row for row in _rows(self._ask(f"show servers state {BACKEND}", "1\n"))}
        statistics = self._ask(f"show stat {BACKEND} 4 -1", "# ")[2:]
        servers = {}
        for row in csv.DictReader(io.StringIO(statistics)):
            state = states[row["svname"]]
            bits = int(state["srv_admin_state"])
            servers[row["svname"]] = Server(
                "maint" if bits & _MAINTENANCE else "drain" if bits & _DRAIN else "ready",
                int(state["srv_uweight"]),
                row["status"],
                int(row["scur"] or 0) + int(row["qcur"] or 0),
                int(row["req_tot"] or 0),
                int(row["hrsp_5xx"] or 0),
                float(row["rtime"] or 0),
            )
        return servers

    def set_server(self, name: str, *, weight: int | None = None, admin: str | None = None) -> None:
        """Set a server's weight (0 to 256) and then its administrative state, and keep both over a restart.

        Raises:
            DeployError: HAProxy does not answer, or refuses.
        """
        if weight is not None:
            self._ask(f"set server {BACKEND}/{name} weight {weight}")
        if admin is not None:
            self._ask(f"set server {BACKEND}/{name} state {admin}")
        self.save_state()

    def save_state(self) -> bool:
        """Write the state file if weights or administrative states differ; return whether they did."""
        state = self._ask("show servers state", "1\n")
        try:
            saved = self._state_file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            saved = ""
        if _kept(saved) == _kept(state):
            return False
        replace_file(self._state_file, state)
        return True

    def _ask(self, command: str, expected: str = "") -> str:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = self._exchange(command)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise DeployError(
                        f"HAProxy does not answer on {self._socket_file}: run 'systemctl status haproxy'."
                    ) from error
                time.sleep(0.05)
        if not answer.startswith(expected) or (not expected and answer.strip()):
            raise DeployError(
                f"HAProxy refused '{command}' ({answer.strip()}): run the role gateway, which configures it."
            )
        return answer

    def _exchange(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self._socket_file))
            connection.sendall(f"{command}\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        if not answer:
            raise ConnectionResetError("no answer")
        return answer.decode()


def _rows(state: str) -> list[dict[str, str]]:
    """Return the rows of `show servers state` by column."""
    lines = [line.split() for line in state.splitlines()[1:] if line.strip()]
    names = lines[0][1:] if lines else []
    return [dict(zip(names, line, strict=False)) for line in lines[1:]]


def _kept(state: str) -> list[list[str]]:
    columns = ("be_name", "srv_name", "srv_admin_state", "srv_uweight")
    return [[row.get(column, "") for column in columns] for row in _rows(state)]
