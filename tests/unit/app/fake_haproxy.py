"""A fake of HAProxy's runtime API: two servers whose weights, states and statistics a test sets and reads."""

import contextlib
import os
import re
import signal
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass
class FakeServer:
    socket_file: Path
    admin: str = "ready"
    weight: int = 1
    sessions: int = 0
    requests: int = 0
    errors: int = 0
    response_ms: float = 1
    reachable: bool = True
    checks: str = ""  # " 2/3": one check failed

    @property
    def status(self) -> str:
        if self.admin != "ready":
            return {"maint": "MAINT", "drain": "DRAIN"}[self.admin]
        if not self.reachable:
            return "DOWN"
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(str(self.socket_file))
            return f"UP{self.checks}"
        return "DOWN"


class FakeHAProxy:
    """Has servers, commands (those that changed something), kill_after (pattern: kill the client)."""

    def __init__(self, socket_file: Path, runtime: Path) -> None:
        self.servers = {
            slot: FakeServer(runtime / f"inference-{slot}" / "http.sock") for slot in ("blue", "green")
        }
        self.commands: list[str] = []
        self.kill_after = ""
        self.on_statistics: Callable[[], None] = lambda: None
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                command = self.rfile.readline().decode().strip()
                self.wfile.write(fake.answer(command).encode())
                if fake.kill_after and re.search(fake.kill_after, command):
                    fake.kill_after = ""
                    size = struct.calcsize("3i")
                    peer = self.request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
                    os.kill(struct.unpack("3i", peer)[0], signal.SIGKILL)

        self.server = socketserver.ThreadingUnixStreamServer(str(socket_file), Handler)
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        Path(str(self.server.server_address)).unlink(missing_ok=True)

    def answer(self, command: str) -> str:
        """Answer as HAProxy 2.6 does: `show stat` and `show servers state` by columns, "" for a set."""
        if command.startswith("show servers state"):
            bits = {"ready": 0, "maint": 1, "drain": 8}
            rows = [
                f"2 inference {number} {name} - 2 {bits[server.admin]} {server.weight} 1"
                for number, (name, server) in enumerate(self.servers.items(), 1)
            ]
            rows.append("2 inference 3 wait - 2 0 1 1")
            if command == "show servers state":  # of all backends; servers that track those above
                rows += [
                    f"3 inference_retry {number} {name} - 2 0 1 1"
                    for number, name in enumerate(self.servers, 1)
                ]
            names = (
                "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight"
            )
            return "\n".join(["1", f"# {names}", *rows, "", ""])
        if command == "show stat inference 4 -1":
            self.on_statistics()
            rows = [
                f"inference,{name},0,{s.sessions},{s.status},{s.weight},{s.requests},{s.errors},{s.response_ms:.0f},"
                for name, s in self.servers.items()
            ]
            rows.append("inference,wait,0,0,no check,1,0,0,0,")
            return "\n".join(
                ["# pxname,svname,qcur,scur,status,weight,req_tot,hrsp_5xx,rtime,", *rows, "", ""]
            )
        match = re.fullmatch(r"set server inference/(\w+) (weight|state) (\w+)", command)
        if not match or match[1] not in self.servers:
            return "No such server.\n\n"
        self.commands.append(command.removeprefix("set server inference/"))
        server = self.servers[match[1]]
        if match[2] == "weight":
            server.weight = int(match[3])
        else:
            server.admin = match[3]
        return "\n"
