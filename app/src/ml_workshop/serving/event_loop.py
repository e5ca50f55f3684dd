"""A worker that answers in its main thread whatever request has arrived as a whole.

Gunicorn's threaded worker hands each request to a thread and the connection back through a pipe. That takes
longer than an answer of ours: threads wait for the interpreter lock that another one holds. So small requests
are collected without waiting and answered at once, by Gunicorn's own code; a slow client costs memory only.
Only what is large, chunked or expects a word before its body goes to a thread, which may wait for it.
"""

import socket
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from time import monotonic
from typing import Any

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http.wsgi import base_environ  # type: ignore[import-untyped]
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn  # type: ignore[import-untyped]

from ml_workshop.serving.plain_http import Heads, plain_environ
from ml_workshop.serving.worker import RequestTimeoutError, Worker, request_parser

LARGEST = 65_536
"""Bytes of the largest request, with its head, that is answered in the main thread."""

REQUESTS_PER_CONNECTION = 200
"""A connection that has had so many answers is closed. Of connections that are opened at once, one worker may
accept all, while the others have no work; a client that connects anew meets the worker that has time.
"""

UNKNOWN = -1

_RECEIVED = 16_384
"""Most bytes taken from a socket at once."""

Address = tuple[str, int] | str
"""Of a TCP or of a Unix socket."""

_SWEEP = 0.5
"""Seconds from one look at what has timed out to the next."""


class EventLoopWorker(Worker):
    """Answers small requests in the main thread, all others in a few threads."""

    def init_process(self) -> None:
        """Prepare in the new process, then serve."""
        self._waiting: set[_Connection] = set()
        self._swept = self._notified = 0.0
        self._heads = Heads()
        self._environ = {
            **base_environ(self.cfg),
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "",
        }
        super().init_process()

    def notify(self) -> None:
        """Tell the arbiter that this worker is not stuck; called every few requests."""
        now = monotonic()
        if now - self._notified >= _SWEEP:
            self._notified = now
            super().notify()

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return
        self.nr_conns += 1
        self._wait(_Connection(self.cfg, client, address, listener.getsockname()))

    def finish_request(self, conn: "_Connection", future: "Future[bool]") -> None:
        """Take a connection back from a thread."""
        conn.sock.to_main_thread()
        conn.received += conn.parser.unreader.take_buffered()
        self._wait(conn)
        if future.cancelled() or future.exception() or not future.result():
            self._half_close(conn)
        else:
            self._answer(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections whose time is up, or all."""
        now = monotonic()
        if not force and now - self._swept < _SWEEP:
            return
        self._swept = now
        for conn in [conn for conn in self._waiting if force or conn.timeout <= now]:
            if conn.received and not conn.closing:
                self.handle_error(None, conn.sock, conn.client, RequestTimeoutError())
                conn.sock.flush()
                self._half_close(conn)
            else:
                self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Close connections on which no request begins by `deadline`; called when this worker retires."""
        for conn in self._waiting:
            if not conn.received:
                conn.timeout = min(conn.timeout, deadline)

    def _wait(self, conn: "_Connection") -> None:
        self._expect_request(conn)
        self._waiting.add(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._readable, conn))

    def _expect_request(self, conn: "_Connection") -> None:
        conn.timeout = monotonic() + (self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER)

    def _readable(self, conn: "_Connection", _: object) -> None:
        try:
            data = conn.sock.recv(_RECEIVED)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._close(conn)
        elif not conn.closing:
            if not conn.received:
                conn.timeout = monotonic() + self.cfg.timeout
            conn.received += data
            self._answer(conn)

    def _answer(self, conn: "_Connection") -> None:
        """Answer what has arrived; a client may send several requests at once."""
        while conn.received:
            size = request_size(conn.received)
            if size == UNKNOWN or size > LARGEST:
                conn.parser.unreader.unread(conn.received)
                conn.received = b""
                self._leave_main_thread(conn)
                self.enqueue_req(conn)
                return
            if size > len(conn.received):
                return
            keep = self._answer_one(conn, size)
            if not conn.sock.flush():  # a large answer to a client that does not read
                self._leave_main_thread(conn)
                sent = self.tpool.submit(conn.sock.send_rest, keep)
                sent.add_done_callback(partial(self.method_queue.defer, self.finish_request, conn))
                return
            if not keep:
                self._half_close(conn)
                return
        self._expect_request(conn)

    def _answer_one(self, conn: "_Connection", size: int) -> bool:
        """Answer the request in the first `size` bytes; return whether another one may follow."""
        environ = plain_environ(conn.received[:size]) if isinstance(conn.client, tuple) else None
        if environ is None:
            conn.parser.unreader.unread(conn.received)
            keep = self.handle(conn)
            conn.received = conn.parser.unreader.take_buffered()
            return bool(keep)
        conn.received = conn.received[size:]
        conn.answered += 1
        environ.update(self._environ, REMOTE_ADDR=conn.client[0], REMOTE_PORT=str(conn.client[1]))
        environ.update(SERVER_NAME=conn.server[0], SERVER_PORT=str(conn.server[1]))
        answer: list[Any] = []
        try:
            body = self.wsgi(environ, lambda *said: answer.extend(said))
            content = b"".join(body)
            if hasattr(body, "close"):
                body.close()
        except Exception as error:
            self.handle_error(None, conn.sock, conn.client, error)
            return False
        status, headers = answer[:2]
        keep = (
            bool(self.alive)
            and conn.answered < REQUESTS_PER_CONNECTION
            and environ.get("HTTP_CONNECTION", "").lower() != "close"
        )
        conn.sock.sendall(self._heads(status, headers, keep) + content)
        return keep

    def _leave_main_thread(self, conn: "_Connection") -> None:
        self._waiting.discard(conn)
        self.poller.unregister(conn.sock)
        conn.sock.to_thread()

    def _half_close(self, conn: "_Connection") -> None:
        """Say that no more comes, then wait for the client to close (RFC 9112, section 9.6)."""
        conn.closing = True
        conn.timeout = monotonic() + STOP_KEEPALIVE_LINGER
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)

    def _close(self, conn: "_Connection") -> None:
        self._waiting.discard(conn)
        self.poller.unregister(conn.sock)
        conn.close()
        self.nr_conns -= 1


def request_size(received: bytes) -> int:
    """Say how long the request is that begins here.

    This only decides when, and in which thread, Gunicorn's parser reads the request.

    Returns:
        Bytes, with the head; LARGEST as long as the head is incomplete; UNKNOWN if only reading on will tell.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return LARGEST if len(received) < LARGEST else UNKNOWN
    head = received[: end + 2].lower()
    if b"\r\ntransfer-encoding" in head or b"\r\nexpect" in head:
        return UNKNOWN
    position = head.find(b"\r\ncontent-length:")
    if position < 0:
        return end + 4
    try:
        return end + 4 + int(head[position + 17 : head.index(b"\r\n", position + 17)])
    except ValueError:
        return UNKNOWN


class _Connection(TConn):  # type: ignore[misc]
    """A connection: what it has received of its next request, how many it had, whether it is half closed."""

    def __init__(self, cfg: Config, sock: socket.socket, client: Address, server: Address) -> None:
        super().__init__(cfg, _Socket(sock), client, server)
        self.parser = request_parser(cfg, self.sock, client)
        self.initialized = True
        self.received = b""
        self.answered = 0
        self.closing = False


class _Socket:
    """Collects what is sent while in the main thread, which may not wait; passes it on in other threads."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._collected: list[bytes] = []
        self.recv = sock.recv
        self.to_main_thread()

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)

    def to_main_thread(self) -> None:
        self._sock.setblocking(False)
        self.sendall: Callable[[bytes], None] = self._collected.append
        self.settimeout: Callable[[float | None], None] = self.setblocking

    def to_thread(self) -> None:
        self._sock.setblocking(True)
        self.sendall = self._sock.sendall
        self.settimeout = self._sock.settimeout

    def setblocking(self, _: object) -> None:
        """Do nothing; Gunicorn would ask for a socket that waits, at each request."""

    def flush(self) -> bool:
        """Send what was collected; return whether all of it could be sent."""
        data = b"".join(self._collected)
        self._collected.clear()
        try:
            rest = data[self._sock.send(data) :]
        except BlockingIOError:
            rest = data
        except OSError:
            return True  # nobody is there to read it
        if rest:
            self._collected.append(rest)
        return not rest

    def send_rest(self, keep: bool) -> bool:
        """Send what `flush` could not, waiting for the client; return `keep`."""
        for data in self._collected:
            self._sock.sendall(data)
        self._collected.clear()
        return keep
