"""Serve the fake EC2 API over HTTP, for `AWS_ENDPOINT_URL=http://127.0.0.1:PORT`.

    python -m tests.fakes.ec2.server --port 5555

With `--image`, `--public` and `--private` the instances are containers; without, they are entries of moto.

In addition to the API:

    GET  /fake/address   the client's address, in the form of https://checkip.amazonaws.com
    POST /fake/faults    a JSON list of faults (tests/fakes/ec2/faults.py) that replaces those in force
    GET  /fake/actions   a JSON list of the API actions since the last call
"""

from __future__ import annotations

import argparse
import io
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

IMAGES = Path(__file__).with_name("images.json")
STRICT = {
    "MOTO_AMIS_PATH": str(IMAGES),
    "MOTO_ENABLE_AMI_VALIDATION": "1",
    "MOTO_ENABLE_KEYPAIR_VALIDATION": "1",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "1",
}
Start = Callable[[str, list[tuple[str, str]]], object]


class Server:
    """A WSGI application around moto's."""

    def __init__(self, address: str | None) -> None:
        """Begin without faults.

        Args:
            address: what /fake/address answers; None: the address of the client.
        """
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        from .faults import Faults

        self._moto = DomainDispatcherApplication(create_backend_app)
        self._faults = Faults()
        self._actions: list[str] = []
        self._address = address

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer one request."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path = environ["PATH_INFO"]
        if path.startswith("/fake/"):
            start("200 OK", [("Content-Type", "text/plain")])
            return [self._own(path, body, environ["REMOTE_ADDR"]).encode()]
        text = body.decode(errors="replace")
        self._actions += parse_qs(text).get("Action", [])
        error = self._faults.answer(text)
        if error:
            start("400 Bad Request", [("Content-Type", "text/xml")])
            return [error.encode()]
        environ["wsgi.input"] = io.BytesIO(body)
        answer: Iterable[bytes] = self._moto(environ, start)
        return answer

    def _own(self, path: str, body: bytes, client: str) -> str:
        if path == "/fake/faults":
            self._faults.set(json.loads(body))
            return ""
        if path == "/fake/actions":
            actions, self._actions = self._actions, []
            return json.dumps(actions)
        return f"{self._address or client}\n"


def main() -> None:
    """Read the command line and serve until the process is stopped."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=5555)
    parser.add_argument(
        "--image", help="image of systemd containers; without it, instances are entries of moto only"
    )
    parser.add_argument("--label", default="ec2", help="value of the containers' label ml-workshop.lab")
    parser.add_argument("--public", help="Docker network of the public addresses")
    parser.add_argument("--private", help="Docker network of the private addresses")
    parser.add_argument(
        "--volume", action="append", default=[], help="volume of each container, as docker takes it"
    )
    parser.add_argument("--pid-file", type=Path, help="file for the id of this process")
    options = parser.parse_args()
    os.environ.update(
        {name: value for name, value in STRICT.items() if name not in os.environ}
    )  # moto reads them at import
    from . import corrections

    corrections.install()
    address = None
    if options.image:
        from .machines import Machines, subnet

        Machines(options.image, options.label, options.public, options.private, options.volume).install()
        address = str(next(subnet(options.public).hosts()))  # the bridge: containers see this machine so
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    application = Server(address)
    server = make_server(
        "127.0.0.1", options.port, application, threaded=True, request_handler=MotoRequestHandler
    )
    if options.pid_file:
        options.pid_file.write_text(str(os.getpid()))
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
