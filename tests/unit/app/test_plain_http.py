"""What is read without Gunicorn's parser is read as Gunicorn's parser reads it."""

import io
import random
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from ml_workshop.serving.event_loop import LARGEST, UNKNOWN, request_size
from ml_workshop.serving.plain_http import Heads, plain_environ

BODY = b'{"text": "fine"}'
POST = b"POST /predict HTTP/1.1\r\nHost: a:8000\r\nContent-Type: application/json\r\nContent-Length: 16\r\n"
CONFIG = Config()
CONFIG.set("forwarded_allow_ips", "")
CONFIG.set("forwarder_headers", "")


def read_by_gunicorn(request: bytes) -> dict[str, Any]:
    """The same environment, by Gunicorn, with the body read."""
    message = next(RequestParser(CONFIG, iter([request]), ("127.0.0.1", 1)))
    _, environ = wsgi.create(message, None, ("127.0.0.1", 1), ("127.0.0.1", 8000), CONFIG)
    body = environ["wsgi.input"].read()
    assert not message.should_close() or environ["HTTP_CONNECTION"].lower() == "close"
    return {**environ, "wsgi.input": body}


def assert_read_alike(request: bytes) -> None:
    environ = plain_environ(request)
    assert environ is not None
    ours = {**environ, "wsgi.input": environ["wsgi.input"].read()}
    gunicorns = read_by_gunicorn(request)
    assert ours == {name: gunicorns.get(name) for name in ours}
    assert {name for name in gunicorns if name.startswith(("HTTP_", "CONTENT_"))} <= set(ours)


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"\r\n" + BODY,
        POST + b"Connection: keep-alive\r\nUser-Agent: wrk/4 (x; y)\r\nAccept: */*\r\n\r\n" + BODY,
        POST + b"Connection: Close\r\n\r\n" + BODY,
        POST.replace(b"/predict", b"/%7Epredict/%C3%A9%00%2F?a=%20&b") + b"\r\n" + BODY,
        POST.replace(b"/predict", b"//predict//;x?y?z") + b"\r\n" + BODY,
        POST + b"X-Request-ID:spaces  \r\n\r\n" + BODY,
        b"GET /metrics?name[]=x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\ncookie: a=b; c=d\r\ncontent-length: 0\r\n\r\n",
    ],
)
def test_plain_requests_are_read_as_gunicorn_reads_them(request_: bytes) -> None:
    assert_read_alike(request_)


@pytest.mark.parametrize(
    "head",
    [
        POST.replace(b"POST", b"PUT"),
        POST.replace(b"POST", b"HEAD"),
        POST.replace(b"1.1", b"1.0"),
        POST.replace(b"/predict", b"http://a/predict"),
        POST.replace(b"/predict", b"*"),
        POST.replace(b"/predict", b"/a#b"),
        POST.replace(b"/predict", b"/\xc3\xa9"),
        POST.replace(b"16", b"+16"),
        POST.replace(b"16", b"016"),
        POST.replace(b"16", b"1_6"),
        POST.replace(b"16", b"15"),
        POST + b"Content-Length: 16\r\n",
        POST + b"Host: b\r\n",
        POST + b"X-A: b\r\nx-a: c\r\n",
        POST + b"X_A: b\r\n",
        POST + b"X-A : b\r\n",
        POST + b"X-A: b\r\n c\r\n",
        POST + b"X-A: b\nX-B: c\r\n",
        POST + b"X-A: \x00\r\n",
        POST + b"X-A: \xe9\r\n",
        POST + b"X-A:\r\n",
        POST + b"no colon\r\n",
        POST + b"Transfer-Encoding: chunked\r\n",
        POST + b"Expect: 100-continue\r\n",
        POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
        POST + b"X-A: " + b"a" * 5000 + b"\r\n",
        POST + b"".join(b"X-%d: a\r\n" % number for number in range(100)),
        b"\r\n" + POST,
    ],
)
def test_whatever_is_unusual_is_left_to_gunicorn(head: bytes) -> None:
    assert plain_environ(head + b"\r\n" + BODY) is None


def test_no_request_is_read_otherwise_than_by_gunicorn() -> None:
    drawn = random.Random(0)  # noqa: S311
    request = POST + b"Connection: close\r\nX-A: b\r\n\r\n" + BODY
    noise = [b"\r\n", b"\n", b" ", b":", b"\t", b"\x00", b"_", b"a", b"1", b"%0d", b"close", b"Host: x\r\n"]
    plain = 0
    for _ in range(5000):
        start = drawn.randrange(len(request))
        mutated = request[:start] + drawn.choice(noise) + request[start + drawn.randrange(2) :]
        if plain_environ(mutated) is not None:
            plain += 1
            assert_read_alike(mutated)
    assert plain > 500


@pytest.mark.parametrize(
    ("received", "size"),
    [
        (b"", LARGEST),
        (POST, LARGEST),
        (POST + b"\r\n", len(POST) + 2 + 16),
        (POST + b"\r\n" + BODY + BODY, len(POST) + 2 + 16),
        (b"GET / HTTP/1.1\r\n\r\nGET", 18),
        (POST.replace(b"16", b"sixteen") + b"\r\n", UNKNOWN),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", UNKNOWN),
        (POST + b"EXPECT: 100-continue\r\n\r\n", UNKNOWN),
        (b"a" * LARGEST, UNKNOWN),
    ],
)
def test_how_long_a_request_is(received: bytes, size: int) -> None:
    assert request_size(received) == size


def test_the_head_of_a_response_has_what_http_wants() -> None:
    head = Heads()("200 OK", [("Content-Length", "3"), ("X-Request-ID", "é")], keep=False)
    lines = io.BytesIO(head).read().split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert lines[3:] == [b"Connection: close", b"Content-Length: 3", b"X-Request-ID: \xe9", b"", b""]
    assert lines[2].startswith(b"Date: ") and lines[2].endswith(b" GMT")
