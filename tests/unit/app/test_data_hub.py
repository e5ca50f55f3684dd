"""Errors of the hub, by the real client over HTTP against a fake that gives one answer to everything."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import CompletedProcess

import pytest

Answer = Callable[..., str]


@pytest.fixture
def fake_hub_answers() -> Iterator[Answer]:
    """Start a fake hub that answers every request with a status and the error code of the hub."""
    servers = []

    def start(status: int, code: str = "") -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("X-Error-Code", code)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_HEAD = do_GET

            def log_message(self, *_arguments: object) -> None:
                """Stay silent."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "RepoNotFound", "is neither a directory here nor a public data set of the hub"),
        (401, "RepoNotFound", "is neither a directory here nor a public data set of the hub"),
        (404, "RevisionNotFound", "has no revision main on the hub"),
        (401, "", "needs a valid token (HTTP 401): correct HF_TOKEN, or unset it"),
        (403, "GatedRepo", "is restricted (HTTP 403): accept its conditions on the hub"),
        (403, "", "is restricted (HTTP 403): accept its conditions on the hub"),
        (429, "", "the hub limits requests (HTTP 429): try again later"),
        (500, "", "the hub answered HTTP 500: try again later"),
    ],
)
def test_the_cause_is_named(
    command: Callable[..., CompletedProcess[str]],
    fake_hub_answers: Answer,
    status: int,
    code: str,
    message: str,
) -> None:
    endpoint = fake_hub_answers(status, code)
    done = command("fingerprint", "--dataset", "made-up/reviews", HF_ENDPOINT=endpoint, HF_HUB_OFFLINE="0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert (
        f"Data set made-up/reviews {message}" in done.stderr
        or f"made-up/reviews cannot be loaded, {message}" in done.stderr
    )
    assert ("network" in done.stderr) is False


def test_offline_mode_and_the_old_id_of_imdb(command: Callable[..., CompletedProcess[str]]) -> None:
    done = command("fingerprint", "--dataset", "imdb", HF_HUB_OFFLINE="1")
    assert done.stderr.startswith(
        "ml-workshop: Data set stanfordnlp/imdb cannot be loaded from the hub: HF_HUB_OFFLINE is set"
    )


def test_no_connection_is_the_network(command: Callable[..., CompletedProcess[str]]) -> None:
    done = command("fingerprint", "--dataset", "a/b", HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="0")
    assert "(Connection refused): check the network" in done.stderr.replace("[Errno 111] ", "")
