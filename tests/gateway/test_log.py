"""The access log: one valid JSON object per request, for all input."""

import os
from collections.abc import Callable

import pytest
from fake_slot import FakeSlot
from gateway_process import Gateway

Start = Callable[..., Gateway]

FIELDS = {
    *(
        "time",
        "request_id",
        "api_key",
        "client",
        "method",
        "path",
        "status",
        "bytes_in",
        "bytes_out",
        "server",
    ),
    *("request_ms", "queue_ms", "connect_ms", "response_ms", "total_ms", "termination", "retries"),
}


def test_a_request_is_one_object(gateway: Gateway) -> None:
    gateway.request("/predict?text=secret", method="POST", body=b"12345")
    (line,) = gateway.logged()
    assert line.keys() == FIELDS
    assert (line["method"], line["path"], line["status"]) == ("POST", "/predict", 200)
    assert (line["server"], line["termination"], line["retries"]) == ("blue", "--", "0")
    assert line["time"].endswith("Z") and len(line["time"]) == len("2026-01-01T12:00:00.000Z")
    assert "secret" not in (gateway.directory / "log").read_text()


@pytest.mark.parametrize(
    "target",
    [
        rb"/quote\"s",
        rb'/"',
        b"/back\\slash",
        b"/]",
        b"/%22%5c%00%ff",
        b"/tab\t",
        b"/bell\x07",
        b"/del\x7f",
        b"/\xc3\xa9",
        b"/\xff\xfe",
        b"/#{}|^`<>",
        b"*",
        b"http://x/absolute",
        b"/" + b"long" * 4000,
        b"/" * 20000,
    ],
)
def test_lines_are_valid_for_any_path(gateway: Gateway, target: bytes) -> None:
    answer = gateway.send(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 ")
    (line,) = gateway.logged()
    assert line.keys() == FIELDS


@pytest.mark.parametrize(
    "method", [b"DELETE", b"M-SEARCH", b"!#$%&'*+.^_`|~", b'G"T', b"G\\T", b"\xff", b"'" * 9000]
)
def test_lines_are_valid_for_any_method(gateway: Gateway, method: bytes) -> None:
    gateway.send(method + b" / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    (line,) = gateway.logged()
    assert line.keys() == FIELDS


def test_connections_without_a_request_are_not_logged(gateway: Gateway) -> None:
    for _ in range(3):
        gateway.send_nothing()
    gateway.request()
    assert [line["status"] for line in gateway.logged()] == [200]


def test_without_access_log_failures_are_logged(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_access_log="false")
    gateway.request()
    gateway.request("/invalid")
    assert [line["status"] for line in gateway.logged()] == [502]


def test_unread_log_blocks_nothing(start: Start, blue: FakeSlot) -> None:
    read, write = os.pipe()
    try:
        gateway = start(output=write)
        for _ in range(300):  # more than the pipe's 64 KB
            assert gateway.request("/" + "x" * 500).status == 200
    finally:
        os.close(read)
        os.close(write)
