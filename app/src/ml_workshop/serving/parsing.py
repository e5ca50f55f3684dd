"""From the body of a request to texts."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.http import parse_options_header

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BODY_ERROR = "ml_workshop.body_error"
"""Set in the WSGI environment to a BadRequestError when the body could not be read."""

_JSON = "application/json"


@dataclass(frozen=True)
class Limits:
    """Limits of a request.

    Attributes:
        body_bytes: Largest body.
        texts: Most texts.
        text_characters: Longest text.
        explained_characters: Longest text that is explained; an explanation is up to a hundred times as long.
        seconds: Longest time for a body to arrive.
    """

    body_bytes: int = 1_048_576
    texts: int = 64
    text_characters: int = 100_000
    explained_characters: int = 16_384
    seconds: int = 30


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


def read_json(environ: "WSGIEnvironment", wrong_shape: int = 422) -> dict[str, Any]:
    """Read the JSON object in the body of a request.

    Strictly: UTF-8 without a byte order mark, no NaN or Infinity, no name twice in one object.

    Args:
        environ: Of the request.
        wrong_shape: Status for JSON that is not an object.

    Raises:
        BadRequestError: 415 not JSON by its headers, 400 malformed, `wrong_shape`, or what BODY_ERROR is.
    """
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type != _JSON or "HTTP_CONTENT_ENCODING" in environ:
        _check_headers(content_type, environ)
    try:
        content = _parse(_body(environ).decode())
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


def text_to_explain(content: dict[str, Any], limits: Limits) -> str:
    """Read the text of an explanation request.

    Raises:
        BadRequestError: 422 when `text` is missing or has a wrong value.
    """
    if "text" not in content:
        raise BadRequestError(422, 'Give "text", a string.')
    return checked(content["text"], '"text"', limits.explained_characters)


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
        return [checked(content["text"], '"text"', limits.text_characters)], False
    texts = content["texts"]
    if not isinstance(texts, list) or not texts:
        raise BadRequestError(422, '"texts" must be a list of one or more strings.')
    if len(texts) > limits.texts:
        raise BadRequestError(422, f'"texts" has {len(texts)} entries; at most {limits.texts} are allowed.')
    return [
        checked(text, f'"texts"[{position}]', limits.text_characters) for position, text in enumerate(texts)
    ], True


def checked(text: object, name: str, characters: int, wrong_shape: int = 422) -> str:
    """Return a text that may be classified.

    Args:
        text: What the client sent.
        name: Where it stood.
        characters: Most that it may have.
        wrong_shape: Status of the error.

    Raises:
        BadRequestError: It is not a string, empty, or too long.
    """
    if not isinstance(text, str):
        raise BadRequestError(wrong_shape, f"{name} must be a string.")
    if not text or text.isspace():
        raise BadRequestError(wrong_shape, f"{name} is empty.")
    if len(text) > characters:
        raise BadRequestError(
            wrong_shape, f"{name} has {len(text)} characters; at most {characters} are allowed."
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
        raise error


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
