"""The adapter between Gunicorn and Flask, without a server."""

import asyncio
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ml_workshop.serving.asgi import INLINE_BYTES, WsgiAdapter
from ml_workshop.serving.bodies import BODY_ERROR, Limits

SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "path": "/a b",
    "raw_path": b"/a%20b",
    "query_string": b"c=d",
    "headers": [(b"content-type", b"text/plain"), (b"x-a", b"1"), (b"x-a", b"2"), (b"content-length", b"9")],
    "client": None,
}


def answer(receive: Any, limits: Limits) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the environment of the application, and the messages that were sent."""
    seen: dict[str, Any] = {}
    sent: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.update(environ, body=environ["wsgi.input"].read())
        write = start_response("200 OK", [("X-B", "1")])
        write(b"a")
        return [b"b", b"c"]

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(WsgiAdapter(application, limits, threads=1)(dict(SCOPE), receive, send))
    return seen, sent


def test_explanations_run_one_at_a_time_and_block_no_other_request() -> None:
    """An explanation would delay the event loop by as much as there are others."""
    running: list[str] = []
    most, predicted = 0, threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        nonlocal most
        path = environ["PATH_INFO"]
        if path == "/explain":
            running.append(path)
            most = max(most, len(running))
            assert predicted.wait(10)
            running.remove(path)
        else:
            predicted.set()
        start_response("200 OK", [])
        return []

    async def requests() -> None:
        adapter = WsgiAdapter(application, Limits(), threads=2)

        async def request(path: str, body: bytes) -> None:
            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": body, "more_body": False}

            async def send(_: dict[str, Any]) -> None:
                pass

            await adapter(SCOPE | {"path": path, "raw_path": path.encode()}, receive, send)

        await asyncio.gather(
            *(request("/explain", b"") for _ in range(4)), request("/predict", b"x" * INLINE_BYTES * 2)
        )

    asyncio.run(requests())
    assert most == 1


def test_a_request_is_handed_over_and_its_response_is_sent() -> None:
    messages = [
        {"type": "http.request", "body": b"1234", "more_body": True},
        {"type": "http.request", "body": b"5", "more_body": False},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    seen, sent = answer(receive, Limits())
    assert (seen["PATH_INFO"], seen["QUERY_STRING"], seen["REMOTE_ADDR"]) == ("/a b", "c=d", "local")
    assert (seen["HTTP_X_A"], seen["CONTENT_TYPE"], seen["CONTENT_LENGTH"]) == ("1,2", "text/plain", "5")
    assert "HTTP_CONTENT_LENGTH" not in seen
    assert seen["body"] == b"12345"
    assert sent == [
        {"type": "http.response.start", "status": 200, "headers": [(b"x-b", b"1")]},
        {"type": "http.response.body", "body": b"abc"},
    ]


def test_a_client_that_trickles_meets_the_deadline_even_when_a_cancellation_is_lost() -> None:
    """asyncio.wait_for of Python 3.11 loses a cancellation when a byte arrives at the same moment."""

    async def receive() -> dict[str, Any]:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"a", "more_body": True}

    seen, _ = answer(receive, Limits(seconds=1))
    assert seen[BODY_ERROR].status == 408


def test_a_client_that_leaves_is_a_bad_request() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    seen, _ = answer(receive, Limits())
    assert (seen[BODY_ERROR].status, seen["body"]) == (400, b"")
