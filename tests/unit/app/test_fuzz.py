"""Invalid requests get an error message, and the server keeps running.

Gunicorn refuses invalid HTTP in plain text; behind the gateway, HAProxy refuses it first, in JSON.
"""

import contextlib
import json
import random
import socket
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROUTES = ["/predict", "/explain", "/v2/models/sentiment/infer"]
GOOD = {
    "/predict": {"text": "A delightful film."},
    "/explain": {"text": "A delightful film."},
    "/v2/models/sentiment/infer": {
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["A delightful film."]}]
    },
}
BODIES = {
    "nothing": b"",
    "white space": b" \n",
    "a null byte": b"\0",
    "null bytes in a text": b'{"text": "a\0b"}',
    "escaped null bytes": b'{"text": "a\\u0000b"}',
    "invalid UTF-8": b'{"text": "\xff\xfe"}',
    "an overlong encoding": b'{"text": "\xc0\xaf"}',
    "an encoded surrogate": b'{"text": "\xed\xa0\x80"}',
    "half a pair": b'{"text": "\\ud800 great"}',
    "the other half": b'{"text": "great \\udc00"}',
    "half a pair as a name": b'{"\\ud800": 1}',
    "a byte order mark": b"\xef\xbb\xbf" + b'{"text": "a"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "UTF-32": '{"text": "a"}'.encode("utf-32"),
    "NaN": b'{"text": NaN}',
    "Infinity": b"[Infinity, -Infinity]",
    "a huge integer": b'{"text": ' + b"9" * 60_000 + b"}",
    "a huge float": b'{"text": 1e999999}',
    "deep lists": b"[" * 60_000,
    "deep lists, closed": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"a":' * 12_000 + b"1" + b"}" * 12_000,
    "a deep text": b'{"text": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "one name twice": b'{"text": "a", "text": "b"}',
    "two documents": b'{"text": "a"}{"text": "b"}',
    "a comment": b'{"text": "a"} // good',
    "single quotes": b"{'text': 'a'}",
    "a form": b"text=a&text=b",
    "a raw line break": b'{"text": "a\nb"}',
    "an escape that is none": b'{"text": "\\x41"}',
    "a text too long": json.dumps({"text": "a" * 5001}).encode(),
    "too many texts": json.dumps({"texts": ["a"] * 9}).encode(),
    "10 MB": b'{"text": "' + b"a" * 10_000_000 + b'"}',
    "10 MB of nothing": b" " * 10_000_000,
}
HEADS = {
    "no content type": [],
    "a malformed content type": ["Content-Type: application/json; charset=\x22\\", "Content-Type: ;;="],
    "another charset": ["Content-Type: application/json; charset=utf-16"],
    "compressed": ["Content-Type: application/json", "Content-Encoding: gzip"],
    "two lengths": ["Content-Type: application/json", "Content-Length: 3"],
    "an unknown coding": ["Content-Type: application/json", "Transfer-Encoding: gzip"],
    "a long name": ["Content-Type: application/json", "X-Request-ID: " + "a" * 5000],
    "a long header": ["Content-Type: application/json", "X: " + "a" * 20_000],
    "many headers": ["Content-Type: application/json", *(f"X-{number}: 1" for number in range(200))],
    "an expectation": ["Content-Type: application/json", "Expect: unknown"],
}
INVALID_HTTP = {
    "nothing": b"",
    "line breaks": b"\r\n\r\n\r\n",
    "null bytes": b"\0" * 100,
    "no version": b"GET /\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "TLS": b"\x16\x03\x01\x02\x00" + b"\x01" * 200,
    "a long line": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    "a long line without end": b"a" * 100_000,
    "a bad header": b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
    "a method of symbols": b"<>()@ / HTTP/1.1\r\n\r\n",
    "a path of bytes": b"GET /\xff\xfe\xfd HTTP/1.1\r\n\r\n",
    "an absolute address": b"GET http://a/b HTTP/1.1\r\nHost: c\r\n\r\n",
    "a broken address": b"GET http://[/ HTTP/1.1\r\n\r\n",
    "a tunnel": b"CONNECT a:1 HTTP/1.1\r\n\r\n",
    "a negative length": b"POST /predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length in words": b"POST /predict HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
    # Longer ones end in a traceback of Gunicorn's parser, and close the connection; HAProxy refuses them.
    "a huge length": b"POST /predict HTTP/1.1\r\nContent-Length: " + b"9" * 4000 + b"\r\n\r\n",
    "a bad chunk": b"POST /predict HTTP/1.1\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk too short": b"POST /predict HTTP/1.1\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}\r\n0\r\n\r\n",
    "length and chunks": b"POST /predict HTTP/1.1\r\nContent-Length: 2\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


def talk(port: int, sent: bytes, hang_up: bool = True) -> bytes:
    """Send bytes and return all that comes back until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
            if hang_up:
                connection.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(65_536):
                received += data
        return received


def post(port: int, path: str, body: bytes, head: list[str]) -> tuple[int, Any]:
    lines = [f"POST {path} HTTP/1.1", "Host: a", "Connection: close", f"Content-Length: {len(body)}", *head]
    return parsed(talk(port, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, hang_up=False))


def parsed(received: bytes) -> tuple[int, Any]:
    """Return status and content of a response.

    It is JSON and has a request ID, unless Gunicorn refused the head.
    """
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    status = int(lines[0].split()[1])
    if headers["content-type"] == "text/plain":
        assert status in (400, 414, 431, 501), received[:500]
        assert headers["connection"] == "close"
        return status, {"error": body.decode() + "."}
    assert headers["content-type"] == "application/json", received[:500]
    assert headers["x-request-id"]
    return status, json.loads(body)


@pytest.fixture(autouse=True)
def server_survives(running: Any) -> Any:
    """After each test, the same workers answer, and the log has no traceback."""
    before = running.workers()
    yield
    for route in ROUTES:
        body = json.dumps(GOOD[route]).encode()
        assert post(running.port, route, body, ["Content-Type: application/json"])[0] == 200
    assert running.workers() == before
    assert '"traceback"' not in running.log.read_text()


@pytest.mark.parametrize("what", BODIES)
def test_bodies(running: Any, what: str) -> None:
    for route in ROUTES:
        status, content = post(running.port, route, BODIES[what], ["Content-Type: application/json"])
        assert status in (200, 400, 413, 422)
        assert status == 200 or content["error"].endswith(".")
        assert status == 200 or route[1:3] != "v2" or status in (400, 413)


@pytest.mark.parametrize("what", HEADS)
def test_heads(running: Any, what: str) -> None:
    for route in ROUTES:
        status, content = post(running.port, route, json.dumps(GOOD[route]).encode(), HEADS[what])
        assert status < 500
        assert status == 200 or content["error"]


def test_headers_of_proxies_are_ignored(running: Any) -> None:
    body = json.dumps(GOOD["/predict"]).encode()
    head = [
        "Content-Type: application/json",
        "SCRIPT_NAME: /a",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Ssl: off",
    ]
    assert post(running.port, "/predict", body, [*head, "X-Forwarded-For: 10.1.2.3"])[0] == 200
    assert "10.1.2.3" not in running.log.read_text()


@pytest.mark.parametrize("what", INVALID_HTTP)
def test_invalid_http(running: Any, what: str) -> None:
    received = talk(running.port, INVALID_HTTP[what])
    if received:
        status, content = parsed(received)
        assert 400 <= status < 500, content
        assert content["error"]


def test_random_bodies_and_requests(running: Any) -> None:
    """Valid requests with random bytes in the body, and anywhere."""
    generator = random.Random(3)  # noqa: S311
    statuses = set()

    def damaged(data: bytes) -> bytes:
        for _ in range(generator.randint(1, 8)):
            start = generator.randrange(len(data))
            insert = generator.choice(
                [generator.randbytes(3), b'"', b"[", b"{", b"\\ud800", b"0" * 50, b"\r\n", b"\0"]
            )
            data = data[:start] + insert + data[start + generator.randrange(4) :]
        return data

    for number in range(300):
        route = ROUTES[number % 3]
        body = json.dumps(GOOD[route]).encode()
        statuses.add(post(running.port, route, damaged(body), ["Content-Type: application/json"])[0])
        head = (
            f"POST {route} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        received = talk(running.port, damaged(head.encode()) + body)
        if received.startswith(b"HTTP/1.1 "):
            statuses.add(int(received[9:12]))
    assert statuses <= {200, 400, 404, 405, 413, 414, 415, 417, 422, 431}
    assert {200, 400} < statuses


def test_all_methods_on_all_kinds_of_paths(running: Any) -> None:
    paths = [
        "/",
        "/predict",
        "/predict/",
        "//predict",
        "/%00",
        "/%ff",
        "/..%2f",
        "/v2/",
        "/v2/models/",
        "/v2/models/a%2fb",
    ]
    for path in [*paths, "/metrics?name[]=%ff", "/openapi.json?" + "a" * 4000]:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
            request = f"{method} {path} HTTP/1.1\r\nConnection: close\r\n\r\n"
            received = talk(running.port, request.encode(), hang_up=False)
            status = int(received[9:12])
            assert status in (200, 400, 404, 405, 415), (method, path, received)
            assert b"x-request-id:" in received.lower()
            assert status == 200 or b"content-type: application/json" in received
            assert status == 200 or method == "HEAD" or parsed(received)[1]["error"]


def test_a_client_that_disconnects_early(running: Any) -> None:
    for sent in (b"POST /pre", b"POST /predict HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
            connection.sendall(sent)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
