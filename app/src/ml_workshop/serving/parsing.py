"""From the body of a request to texts."""

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from werkzeug.http import parse_options_header

from ml_workshop.serving.limits import Limits
from ml_workshop.serving.request_log import BYTES_IN
from ml_workshop.serving.worker import RequestTimeoutError

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, WSGIEnvironment

_JSON = "application/json"
_DISCARDED = 32 * 1_048_576
"""Bytes of a refused body that are read all the same: a client that is still sending cannot read why."""
_STEP = 65_536


class BadRequestError(Exception):
    """A request that cannot be answered; becomes a JSON body with a status."""

    def __init__(self, status: int, message: str) -> None:
        """Make an error.

        Args:
            status: HTTP status.
            message: One sentence for the client.
        """
        super().__init__(message)
        self.status = status
        self.message = message


def read_json(environ: "WSGIEnvironment", limits: Limits, wrong_shape: int = 422) -> dict[str, Any]:
    """Read the JSON object in the body of a request.

    Strictly: UTF-8 without a byte order mark, no NaN or Infinity, no name twice in one object.

    Args:
        environ: Of the request.
        limits: Of a request.
        wrong_shape: Status for JSON that is not an object.

    Raises:
        BadRequestError: 413 too large, 415 not JSON by its headers, 400 malformed or broken off, 408 sent too
            slowly, `wrong_shape`.
    """
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type != _JSON or "HTTP_CONTENT_ENCODING" in environ:
        _check_headers(content_type, environ)
    try:
        content = _parse(_read_body(environ, limits).decode())
    except UnicodeDecodeError as error:
        raise BadRequestError(400, f"The body is not UTF-8: byte {error.start} is wrong.") from error
    except json.JSONDecodeError as error:
        raise BadRequestError(400, f"The body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise BadRequestError(400, "The body is not valid JSON for us: it is nested too deeply.") from error
    except ValueError as error:  # Python converts no integer of more than 4300 digits
        raise BadRequestError(400, "The body is not valid JSON for us: it has too long a number.") from error
    if not isinstance(content, dict):
        raise BadRequestError(wrong_shape, 'The body must be a JSON object such as {"text": "..."}.')
    return content


def only_text(content: dict[str, Any], limits: Limits) -> str:
    """Read the text of a request that has one.

    Raises:
        BadRequestError: 422 when `text` is missing or has a wrong value.
    """
    if "text" not in content:
        raise BadRequestError(422, 'Give "text", a string.')
    return checked(content["text"], '"text"', limits)


def texts_to_classify(content: dict[str, Any], limits: Limits) -> tuple[list[str], bool]:
    """Read the text or texts of a prediction request.

    Returns:
        The texts, and whether a list was asked for.

    Raises:
        BadRequestError: 422 when `text` or `texts` is missing or has a wrong value.
    """
    if ("text" in content) == ("texts" in content):
        raise BadRequestError(422, 'Give either "text", a string, or "texts", a list of strings.')
    if "text" in content:
        return [checked(content["text"], '"text"', limits)], False
    texts = content["texts"]
    if not isinstance(texts, list) or not texts:
        raise BadRequestError(422, '"texts" must be a list of one or more strings.')
    if len(texts) > limits.texts:
        raise BadRequestError(422, f'"texts" has {len(texts)} entries; at most {limits.texts} are allowed.')
    return [checked(text, f'"texts"[{position}]', limits) for position, text in enumerate(texts)], True


def checked(text: object, name: str, limits: Limits, wrong_shape: int = 422) -> str:
    """Return a text that may be classified.

    Args:
        text: What the client sent.
        name: Where it stood.
        limits: Of a request.
        wrong_shape: Status of the error.

    Raises:
        BadRequestError: It is not a string, empty, or too long.
    """
    if not isinstance(text, str):
        raise BadRequestError(wrong_shape, f"{name} must be a string.")
    if not text or text.isspace():
        raise BadRequestError(wrong_shape, f"{name} is empty.")
    if len(text) > limits.text_characters:
        raise BadRequestError(
            wrong_shape, f"{name} has {len(text)} characters; at most {limits.text_characters} are allowed."
        )
    return text


def _check_headers(content_type: str, environ: "WSGIEnvironment") -> None:
    kind, options = parse_options_header(content_type)
    error = None
    if kind.lower() != _JSON:
        error = BadRequestError(415, f"Send the request with Content-Type: {_JSON}.")
    elif options.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        error = BadRequestError(415, "Send JSON in UTF-8; no other charset is read.")
    elif environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        error = BadRequestError(415, "Send the body as it is, without Content-Encoding.")
    if error:
        _discard(environ["wsgi.input"])
        raise error


def _read_body(environ: "WSGIEnvironment", limits: Limits) -> bytes:
    """Return the whole body; without a Content-Length (chunked), too, no more is kept than is allowed."""
    stream = environ["wsgi.input"]
    length = int(environ.get("CONTENT_LENGTH") or -1)
    if length <= limits.body_bytes:
        if length < 0 and "HTTP_TRANSFER_ENCODING" not in environ:
            length = 0
        try:
            body: bytes = stream.read(limits.body_bytes + 1 if length < 0 else length)
        except RequestTimeoutError as error:
            raise BadRequestError(408, str(error)) from error
        except (OSError, ParseException) as error:
            raise BadRequestError(400, "The body broke off or is not chunked as HTTP says.") from error
        environ[BYTES_IN] = len(body)
        if len(body) < length:
            raise BadRequestError(400, f"The body broke off after {len(body)} of {length} bytes.")
        if not body:
            raise BadRequestError(400, "The body is empty, which is not valid JSON.")
        if len(body) <= limits.body_bytes:
            return body
    _discard(stream)
    raise BadRequestError(413, f"The body has more than {limits.body_bytes} bytes.")


def _discard(stream: "InputStream") -> None:
    with suppress(OSError, ParseException):
        for _ in range(_DISCARDED // _STEP):
            if not stream.read(_STEP):
                return


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise BadRequestError(400, "The body has an object with one name twice.")
    return content


def _constant(name: str) -> None:
    raise BadRequestError(400, f"The body is not valid JSON: there is no {name}.")


_parse = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode
