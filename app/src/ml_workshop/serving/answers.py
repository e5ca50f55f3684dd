"""JSON answers."""

import json

from flask import Response

from ml_workshop.serving.plain_flask import PlainResponse

_encode = json.JSONEncoder(separators=(",", ":")).encode


def json_bytes(content: object) -> bytes:
    """Return a JSON document and a newline; in ASCII, for a client's text may hold half a surrogate pair."""
    return _encode(content).encode("ascii") + b"\n"


def json_response(content: object, status: int = 200) -> Response:
    """Return a JSON answer."""
    return PlainResponse(json_bytes(content), status, content_type="application/json")
