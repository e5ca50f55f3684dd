"""HAProxy's runtime API (management guide, section 9.3): the servers of the backend `inference`.

Methods raise DeployError if HAProxy does not answer, or refuses the command.
"""

import csv
import io
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from ml_workshop.atomic import replace_file
from ml_workshop.errors import DeployError

BACKEND = "inference"

_MAINTENANCE, _DRAIN = 0x01 | 0x02 | 0x04, 0x08 | 0x10
"""Bits of srv_admin_state."""

_SAVED_COLUMNS = ("be_name", "srv_name", "srv_admin_state", "srv_uweight")


@dataclass(frozen=True)
class Server:
    """One server of the backend."""

    admin: str  # "ready", "drain" or "maint"
    weight: int  # 0 to 256
    status: str  # of `show stat`: "UP", "UP 1/3", "DOWN", "MAINT", "no check"
    sessions: int  # current and queued
    requests: int  # since HAProxy was started
    errors: int  # responses with status 5xx since then
    response_ms: float  # average response time of the last 1024 requests

    @property
    def usable(self) -> bool:
        """Whether a health check passed since the server left maintenance ("UP 1/3": not yet)."""
        return self.status in ("UP", "DRAIN", "no check")

    @property
    def down(self) -> bool:
        """Whether it gets no requests; one that failed some of its checks does ("UP 2/3")."""
        return self.status.startswith(("DOWN", "MAINT"))


class HAProxy:
    """The runtime API on a Unix socket of level admin."""

    def __init__(self, socket_file: Path, state_file: Path, retry_seconds: float = 3) -> None:
        """Take the socket, HAProxy's `load-server-state-from-file`, and how long HAProxy may be away."""
        self._socket_file, self._state_file, self._retry_seconds = socket_file, state_file, retry_seconds

    def servers(self) -> dict[str, Server]:
        """Return the servers of the backend by name."""
        states = {row["srv_name"]: row for row in _rows(self._send(f"show servers state {BACKEND}", "1\n"))}
        servers = {}
        for row in csv.DictReader(io.StringIO(self._send(f"show stat {BACKEND} 4 -1", "# ")[2:])):
            state = states[row["svname"]]
            bits = int(state["srv_admin_state"])
            servers[row["svname"]] = Server(
                admin="maint" if bits & _MAINTENANCE else "drain" if bits & _DRAIN else "ready",
                weight=int(state["srv_uweight"]),
                status=row["status"],
                sessions=int(row["scur"] or 0) + int(row["qcur"] or 0),
                requests=int(row["req_tot"] or 0),
                errors=int(row["hrsp_5xx"] or 0),
                response_ms=float(row["rtime"] or 0),
            )
        return servers

    def set_server(self, name: str, *, weight: int | None = None, admin: str | None = None) -> None:
        """Set a server's weight (0 to 256) and then its administrative state, and save both for a restart."""
        for key, value in (("weight", weight), ("state", admin)):
            if value is not None:
                self._send(f"set server {BACKEND}/{name} {key} {value}")
        self.save_state()

    def save_state(self) -> bool:
        """Write the state file if weights or administrative states differ; return whether they did."""
        state = self._send("show servers state", "1\n")
        try:
            saved = self._state_file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            saved = ""
        wanted, present = ([[row.get(c) for c in _SAVED_COLUMNS] for row in _rows(s)] for s in (state, saved))
        if wanted == present:
            return False
        replace_file(self._state_file, state)
        return True

    def _send(self, command: str, expected_start: str = "") -> str:
        """Send a command; without `expected_start`, an empty response means success."""
        deadline = time.monotonic() + self._retry_seconds
        while not (response := self._exchange(command)):
            if time.monotonic() > deadline:
                raise DeployError(
                    f"HAProxy does not answer on {self._socket_file}: run 'systemctl status haproxy'."
                )
            time.sleep(0.05)
        if not response.startswith(expected_start) or (not expected_start and response.strip()):
            raise DeployError(f"HAProxy refused '{command}' ({response.strip()}): run the role gateway.")
        return response

    def _exchange(self, command: str) -> str:
        """Return the response to a command; empty if HAProxy cannot be reached."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(str(self._socket_file))
                connection.sendall(f"{command}\n".encode())
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        except PermissionError as error:
            raise DeployError(
                f"{self._socket_file} cannot be opened ({error.strerror}): run this as root."
            ) from error
        except OSError:
            return ""


def _rows(state: str) -> list[dict[str, str]]:
    """Return the rows of `show servers state` by column."""
    lines = [line.split() for line in state.splitlines()[1:] if line.strip()]
    return [dict(zip(lines[0][1:], line, strict=False)) for line in lines[1:]]
