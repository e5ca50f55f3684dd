"""Bodies of requests and responses.

Functions that read a body raise BadRequestError; its status for content of the wrong shape is 422, or
`status` if given.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BODY_ERROR = "ml_workshop.body_error"
"""Set in the WSGI environment to a BadRequestError when the body could not be read."""

JSON_TYPE = "application/json"

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Limits:
    """Limits of a request."""

    body_bytes: int = 1_048_576
    texts: int = 64
    text_characters: int = 100_000
    explained_characters: int = 16_384  # of /explain: its response is up to a hundred times as long
    seconds: int = 30  # in which the body must arrive


class BadRequestError(Exception):
    """A client error; the response has this HTTP status, and the message in a JSON body."""

    def __init__(self, status: int, message: str) -> None:
        """Store status and message."""
        super().__init__(message)
        self.status, self.message = status, message


def read_json(environ: "WSGIEnvironment", status: int = 422, default_type: str = "") -> dict[str, Any]:
    """Read the JSON object in the body of a request: UTF-8 without BOM, NaN, Infinity and duplicate names.

    `default_type` is the content type of a request that names none.

    Errors: 415 for headers of another content, 400 for malformed JSON, and BODY_ERROR.
    """
    content_type = environ.get("CONTENT_TYPE") or default_type
    if content_type != JSON_TYPE or "HTTP_CONTENT_ENCODING" in environ:
        _check_headers(content_type, environ)
    try:
        content = _parse(_body(environ).decode())
    except UnicodeDecodeError as error:
        raise BadRequestError(400, f"The body is not UTF-8: byte {error.start} is wrong.") from error
    except json.JSONDecodeError as error:
        raise BadRequestError(400, f"The body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise BadRequestError(400, "The body is not valid JSON: it is nested too deeply.") from error
    except ValueError as error:  # Python converts no integer of more than 4300 digits
        raise BadRequestError(400, "The body is not valid JSON: a number is too long.") from error
    if not isinstance(content, dict):
        raise BadRequestError(status, 'The body must be a JSON object such as {"text": "..."}.')
    return content


def text_to_explain(content: dict[str, Any], limits: Limits) -> str:
    """Return the text of an explanation request."""
    if "text" not in content:
        raise BadRequestError(422, 'Give "text", a string.')
    return checked(content["text"], '"text"', limits.explained_characters)


def texts_to_classify(content: dict[str, Any], limits: Limits) -> tuple[list[str], bool]:
    """Return the texts of a prediction request, and whether the response is a list."""
    if ("text" in content) == ("texts" in content):
        raise BadRequestError(422, 'Give either "text", a string, or "texts", a list of strings.')
    if "text" in content:
        return [checked(content["text"], '"text"', limits.text_characters)], False
    texts = content["texts"]
    if not isinstance(texts, list) or not texts:
        raise BadRequestError(422, '"texts" must be a list of one or more strings.')
    if len(texts) > limits.texts:
        raise BadRequestError(422, f'"texts" has {len(texts)} entries; at most {limits.texts} are allowed.')
    return checked_list(texts, '"texts"', limits), True


def checked_list(texts: list[object], name: str, limits: Limits, status: int = 422) -> list[str]:
    """Return a list of texts after `checked`."""
    return [checked(text, f"{name}[{i}]", limits.text_characters, status) for i, text in enumerate(texts)]


def checked(text: object, name: str, characters: int, status: int = 422) -> str:
    """Return a text if it is a string, not blank, and not too long; `name` is its place in the body."""
    if not isinstance(text, str):
        raise BadRequestError(status, f"{name} must be a string.")
    if not text or text.isspace():
        raise BadRequestError(status, f"{name} is empty.")
    if len(text) > characters:
        raise BadRequestError(status, f"{name} has {len(text)} characters; at most {characters} are allowed.")
    return text


def _check_headers(content_type: str, environ: "WSGIEnvironment") -> None:
    kind, options = parse_options_header(content_type)
    if kind.lower() != JSON_TYPE:
        command = f"curl -H 'Content-Type: {JSON_TYPE}' -d DATA URL"
        raise BadRequestError(415, f"Send the request with Content-Type: {JSON_TYPE}, for example: {command}")
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise BadRequestError(415, "Send JSON in UTF-8; no other charset is read.")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise BadRequestError(415, "Send the body without Content-Encoding.")


def _body(environ: "WSGIEnvironment") -> bytes:
    if BODY_ERROR in environ:
        raise environ[BODY_ERROR]
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if not body:
        raise BadRequestError(400, "The body is empty, which is not valid JSON.")
    return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise BadRequestError(400, "The body has an object with one name twice.")
    return content


def _constant(name: str) -> None:
    raise BadRequestError(400, f"The body is not valid JSON: there is no {name}.")


_parse = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode


class PlainResponse(Response):
    """A response whose headers are complete: no redirect, and never 1xx, 204 or 304."""

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        """Return the headers; there is nothing to correct."""
        return self.headers


def json_response(content: object, status: int = 200) -> Response:
    """Return a JSON document and a newline; in ASCII, for a client's text may hold half a surrogate pair."""
    return PlainResponse(_encode(content).encode("ascii") + b"\n", status, content_type=JSON_TYPE)
