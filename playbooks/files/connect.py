"""Connect to each [address, port] of a JSON list; print which are open and the own addresses, as JSON."""

import concurrent.futures
import json
import socket
import sys

SECONDS = 3


def is_open(target: list[str | int]) -> bool:
    """Return whether a connection is accepted."""
    try:
        socket.create_connection((str(target[0]), int(target[1])), SECONDS).close()
    except OSError:
        return False
    return True


def source(address: str) -> str:
    """Return the address of this machine that packets to an address have; nothing is sent."""
    try:
        family, _, _, _, name = socket.getaddrinfo(address, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(name)
            return str(probe.getsockname()[0])
    except OSError:
        return ""


targets = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    accepted = [target for target, found in zip(targets, pool.map(is_open, targets), strict=False) if found]
print(json.dumps({"open": accepted, "sources": {address: source(address) for address, _ in targets}}))
