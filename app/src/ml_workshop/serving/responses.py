"""JSON responses."""

import json

from flask import Response

_encode = json.JSONEncoder(separators=(",", ":")).encode


def json_response(content: object, status: int = 200) -> Response:
    """Return a JSON document and a newline; in ASCII, for a client's text may hold half a surrogate pair."""
    return Response(_encode(content).encode("ascii") + b"\n", status, content_type="application/json")
