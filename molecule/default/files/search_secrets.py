"""Search a host, or named files, for secrets: search_secrets.py SECRETS [FILE ...].

SECRETS is a JSON file: texts that secrets begin with (`secrets`), and those of secrets that the host may
not have at all (`absent`). This script was copied to the host before the first of them was used.
Prints a JSON object: how many places of each kind were searched, and each place with a secret.
check_security.yml runs it on the hosts, as root. Files that not every user can read are where secrets
belong; they are searched for those of `absent` alone.
"""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NO_FILES = {"/proc", "/sys", "/dev"}
OTHER_FILES = "other files"
COMMANDS = {
    "units": ["systemctl", "show", "--all", "*"],
    "environment of systemd": ["systemctl", "show-environment"],
    "journal": ["journalctl", "--all", "--output=export", "--no-pager"],
    "containers": ["sh", "-c", "command -v docker >/dev/null && docker ps -aq | xargs -r docker inspect"],
}


def needles(secrets: list[str]) -> list[bytes]:
    """Return each secret's beginning as it is, and base64-encoded at each alignment, as in a login."""
    wanted = []
    for secret in secrets:
        encoded = [base64.b64encode(b" " * shift + secret.encode()) for shift in range(3)]
        # Without the characters that also depend on what is before and behind.
        wanted += [secret.encode(), encoded[0][:-4], encoded[1][2:-4], encoded[2][3:-4]]
    return wanted


def find(content: bytes, wanted: list[bytes]) -> str:
    """Return the secret in a content, as it is written there; empty if there is none."""
    for needle in wanted:
        if (start := content.find(needle)) >= 0:
            match = re.match(rb"[\w+/=]+", content[start:])
            return match[0].decode() if match else needle.decode()
    return ""


def processes(kind: str) -> Iterator[tuple[str, bytes]]:
    """Yield arguments (cmdline) or environment (environ) of each process."""
    for path in Path("/proc").glob(f"[0-9]*/{kind}"):
        try:
            yield str(path), path.read_bytes()
        except OSError:
            continue  # it has ended


def files(root: str, since: float) -> Iterator[tuple[str, str, bytes]]:
    """Yield the files that have changed since a Unix time, and whether every user can read them."""
    closed = set()
    for directory, names, found in os.walk(root):
        for name in list(names):
            path = os.path.join(directory, name)  # noqa: PTH118  (speed)
            if path in NO_FILES:
                names.remove(name)
            elif directory in closed or not os.lstat(path).st_mode & stat.S_IXOTH:
                closed.add(path)
        for name in found:
            path = os.path.join(directory, name)  # noqa: PTH118
            try:
                status = os.lstat(path)
                if not stat.S_ISREG(status.st_mode) or status.st_ctime < since:
                    continue
                is_open = directory not in closed and status.st_mode & stat.S_IROTH
                yield "world-readable files" if is_open else OTHER_FILES, path, Path(path).read_bytes()
            except OSError:
                continue  # it is gone, or a namespace


def places(paths: list[str], since: float) -> Iterator[tuple[str, str, bytes]]:
    """Yield kind, name and content of each place."""
    if paths:
        yield from (("logs", path, Path(path).read_bytes()) for path in paths)
        return
    yield from (("arguments", *process) for process in processes("cmdline"))
    yield from (("environments", *process) for process in processes("environ"))
    for kind, command in COMMANDS.items():
        output = subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603
        for number, part in enumerate(output.split(b"\n\n")):
            yield kind, f"{kind} {number}", part
    yield from (
        ("facts", str(path), path.read_bytes()) for path in Path("/etc/ansible").rglob("*") if path.is_file()
    )
    yield from files("/", since)


def main() -> int:
    """Search, print the result, and return 1 if a secret was found."""
    secrets = json.loads(Path(sys.argv[1]).read_text())
    wanted, absent = needles(secrets["secrets"] + secrets["absent"]), needles(secrets["absent"])
    searched: dict[str, int] = {}
    hits = []
    for kind, name, content in places(sys.argv[2:], Path(__file__).stat().st_ctime):
        if name == sys.argv[1]:
            continue
        searched[kind] = searched.get(kind, 0) + 1
        if secret := find(content, absent if kind == OTHER_FILES else wanted):
            hits.append({"kind": kind, "place": name, "secret": secret})
    print(json.dumps({"searched": searched, "hits": hits}))
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
