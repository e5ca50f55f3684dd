"""Attacks of malicious clients on the loopback, each bounded: python attacks.py NAME PORT SECONDS.

Connections come from other addresses than 127.0.0.1, so that limits per source do not affect other clients.
"""

import asyncio
import contextlib
import json
import socket
import struct
import sys
from collections.abc import Awaitable, Callable

RESET = struct.pack("ii", 1, 0)
PREDICT = (
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n"
    b'{"text":"bad"}'
)
LONG = json.dumps({"text": "A wonderful film. " * 900}).encode()
EXPLAIN = (
    b"POST /explain HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(LONG), LONG)
)


async def connect(port: int, source: str = "127.0.0.2") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), limit=2**24)


async def pipelined_resets(port: int, index: int) -> None:
    """Send 200 requests at once, then reset the connection without reading."""
    _, writer = await connect(port)
    writer.write(PREDICT * 200)
    await asyncio.sleep(0.01)
    client = writer.get_extra_info("socket")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def burst_of_explanations(port: int, index: int) -> None:
    """Ask for the explanation of the longest text that is explained and read the answer."""
    reader, writer = await connect(port)
    writer.write(EXPLAIN)
    head = await reader.readuntil(b"\r\n\r\n")
    print(head.split()[1].decode(), flush=True)
    writer.close()


async def clients_that_do_not_read(port: int, index: int) -> None:
    """Ask again and again, and never read an answer."""
    _, writer = await connect(port)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(100):
        writer.write(EXPLAIN)
        await writer.drain()
    await asyncio.sleep(60)


async def slow_bodies(port: int, index: int) -> None:
    """Announce a long body, send the first 40 KB at once and then a byte per second."""
    await asyncio.sleep(index / 200)
    _, writer = await connect(port)
    writer.write(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + b" " * 40000)
    for _ in range(60):
        await asyncio.sleep(1)
        writer.write(b" ")
        await writer.drain()


async def idle_connections(port: int, index: int) -> None:
    """Connect and send nothing; 2,500 connections per second, 500 per source."""
    await asyncio.sleep(index / 2500)
    reader, _ = await connect(port, f"127.0.0.{2 + index // 500}")
    await reader.read()


ATTACKS: dict[str, tuple[Callable[[int, int], Awaitable[None]], int, bool]] = {
    "pipelined_resets": (pipelined_resets, 14, True),
    "burst_of_explanations": (burst_of_explanations, 40, False),
    "clients_that_do_not_read": (clients_that_do_not_read, 12, False),
    "slow_bodies": (slow_bodies, 200, False),
    "idle_connections": (idle_connections, 5000, False),
}
"""Name: what one client does, number of clients at a time, whether each starts again when it is done."""


async def attack(name: str, port: int, seconds: float) -> None:
    action, number, repeat = ATTACKS[name]

    async def client(index: int) -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await action(port, index)
            if not repeat:
                return
            await asyncio.sleep(0.05)

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*(client(index) for index in range(number))), seconds)


if __name__ == "__main__":
    asyncio.run(attack(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
