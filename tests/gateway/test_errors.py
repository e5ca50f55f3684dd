"""HAProxy's own responses are JSON and have the request's ID."""

import contextlib
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fake_slot import FakeSlot
from gateway_process import Answer, Gateway, wait_until

Start = Callable[..., Gateway]

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def check_error(answer: Answer, status: int, message: str) -> None:
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    assert message in answer.json["error"]
    assert UUID.fullmatch(answer.headers["x-request-id"])


def test_body_above_the_limit(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_max_body_bytes="1000")
    check_error(gateway.request(method="POST", body=b"x" * 1001), 413, "1000 bytes")
    assert gateway.request(method="POST", body=b"x" * 1000).status == 200


def test_body_above_the_limit_is_refused_before_it_arrives(gateway: Gateway) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
    assert gateway.send(head).startswith(b"HTTP/1.1 413 ")


def test_body_that_does_not_arrive_in_time(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_request_timeout="1")
    answer = gateway.send(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'{"error":"The request did not arrive within 1 seconds."}' in answer
    assert re.search(rb"(?i)x-request-id: [0-9a-f-]{36}", answer)
    assert not blue.requests


def test_head_that_does_not_arrive_in_time(start: Start) -> None:
    gateway = start(gateway_request_timeout="1")
    assert gateway.send(b"GET / HTTP/1.1\r\nHost: x\r\n").startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 this is TLS\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: unknown\r\n\r\n",
        b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    ],
    ids=["not HTTP", "two lengths", "unknown transfer encoding", "head too long", "HTTP/2", "huge length"],
)
def test_what_is_not_http_never_reaches_a_slot(gateway: Gateway, blue: FakeSlot, data: bytes) -> None:
    """HAProxy before 3.3 answers with its own page (haproxy#3032)."""
    assert gateway.send(data).startswith(b"HTTP/1.1 400 ")
    assert not blue.requests


@pytest.mark.parametrize(
    ("line", "fields", "status", "message"),
    [
        (b"GET /" + b"a" * 4000, b"", 414, b"The URI is longer than 4000 bytes."),
        (b"GET /", b"A: %s\r\n" % (b"b" * 8190), 431, b"The head is longer than 8190 bytes"),
        (b"GET /", b"A: b\r\n" * 90, 431, b"more than 90 fields"),
        (b"GET /", b"A: b\r\n" * 990, 431, b"more than 90 fields"),
        (b"GET /", b"A: b\0c\r\n", 400, b"not valid HTTP"),
        (b"GET /", b"A: b\x7fc\r\n", 400, b"not valid HTTP"),
        (b"GET /health/live?a=\x7fy", b"", 400, b"not valid HTTP"),
        (b"get /", b"", 400, b"not valid HTTP"),
        (b"POST *", b"", 400, b"not valid HTTP"),
        (b"GET http://x", b"", 400, b"not valid HTTP"),
        (b"GET / HTTP/0.9\r\nA: b\r\nC:", b"", 400, b"not valid HTTP"),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nA:", b"", 400, b"not valid HTTP"),
    ],
    ids=[
        *(
            "long URI",
            "long field",
            "many fields",
            "990 fields",
            "NUL",
            "control character",
            "DEL in the URI",
            "odd method",
        ),
        *("POST *", "no path", "HTTP/0.9", "chunks in HTTP/1.0"),
    ],
)
def test_heads_that_gunicorn_refuses_are_answered_as_json(
    gateway: Gateway, blue: FakeSlot, line: bytes, fields: bytes, status: int, message: bytes
) -> None:
    answer = gateway.send(line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert message in answer.partition(b"\r\n\r\n{")[2]
    assert re.search(rb"(?i)content-type: application/json\r\n", answer)
    assert re.search(rb"(?i)x-request-id: [0-9a-f-]{36}", answer)
    assert not blue.requests


def test_head_up_to_the_limits_reaches_a_slot(gateway: Gateway, blue: FakeSlot) -> None:
    fields = {f"a{number}": "b\t\xff" + "c" * 70 for number in range(85)}
    assert gateway.request("/" + "a" * 3999, method="GET_IT-2", headers=fields).status == 501
    assert gateway.request("/" + "a" * 3999, headers=fields).status == 200


@pytest.mark.parametrize("target", [b"http://other:80/predict?x=1", b"HTTPS://other/predict?x=1"])
def test_slot_gets_the_path_of_a_request_to_a_proxy(gateway: Gateway, blue: FakeSlot, target: bytes) -> None:
    answer = gateway.send(b"GET " + target + b" HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert blue.requests[-1][0] == "/predict?x=1"
    assert gateway.logged()[-1]["path"] == "/predict"


def test_upgrade_is_ignored(gateway: Gateway, blue: FakeSlot) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "A" * 22 + "=="}
    assert gateway.request(headers=headers).status == 200
    assert "upgrade" not in blue.requests[-1][1]


@contextlib.contextmanager
def connections(gateway: Gateway, number: int, source: str = "127.0.0.1") -> Iterator[None]:
    """Hold connections, each of which has had an answer or been closed."""
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(
                socket.create_connection(("127.0.0.1", gateway.port), 10, source_address=(source, 0))
            )
            with contextlib.suppress(OSError):
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                client.recv(4096)
        yield


def test_connections_above_the_limit_of_a_source(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_connections_per_source="3")
    with connections(gateway, 3):
        refused = gateway.request()
        check_error(refused, 429, "Too many connections")
        assert int(refused.headers["retry-after"]) > 0
        assert gateway.request(source="127.0.0.2").status == 200
    wait_until("free again", lambda: gateway.request().status == 200)


def test_connections_far_above_the_limit_are_closed(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_connections_per_source="3")
    with connections(gateway, 6), pytest.raises(OSError):
        gateway.request()


def test_requests_above_the_limit_of_a_source(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_requests_per_source="5")
    assert [gateway.request().status for _ in range(5)] == [200] * 5
    check_error(gateway.request(), 429, "Too many")
    assert gateway.request(source="127.0.0.2").status == 200


def test_no_slot_is_up(start: Start) -> None:
    gateway = start(gateway_recovery_timeout="1")
    answer = gateway.request()
    check_error(answer, 503, "No server is available")
    assert int(answer.headers["retry-after"]) > 0


def test_slot_answers_something_else_than_http(gateway: Gateway) -> None:
    check_error(gateway.request("/invalid"), 502, "invalid answer")


def test_slot_does_not_answer(start: Start, blue: FakeSlot, green: FakeSlot) -> None:
    gateway = start(gateway_server_timeout="1")
    check_error(gateway.request("/silent"), 504, "did not answer in time")


def test_metrics_port_has_no_other_paths(gateway: Gateway) -> None:
    answer = gateway.request("/predict", port=gateway.metrics_port)
    assert answer.status == 404
    assert answer.json == {"error": "No such path."}
