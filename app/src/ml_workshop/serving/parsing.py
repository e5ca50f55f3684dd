"""From the body of a request to texts."""

import json
from typing import Any

from flask import Request

from ml_workshop.serving.limits import Limits


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


def read_json(request: Request, limits: Limits) -> dict[str, Any]:
    """Read the JSON object in the body of a request.

    Raises:
        BadRequestError: 413 too large, 415 not JSON by its content type, 400 malformed, 422 not an object.
    """
    if request.mimetype != "application/json":
        raise BadRequestError(415, "Send the request with Content-Type: application/json.")
    too_large = BadRequestError(413, f"The body has more than {limits.body_bytes} bytes.")
    if (request.content_length or 0) > limits.body_bytes:
        raise too_large
    request.max_content_length = limits.body_bytes + 1  # a body without a length is cut there, silently
    body = request.get_data(cache=False)
    if len(body) > limits.body_bytes:
        raise too_large
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(400, "The body is not valid JSON.") from error
    if not isinstance(content, dict):
        raise BadRequestError(422, 'The body must be a JSON object such as {"text": "..."}.')
    return content


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
        return [_checked(content["text"], '"text"', limits)], False
    texts = content["texts"]
    if not isinstance(texts, list) or not texts:
        raise BadRequestError(422, '"texts" must be a list of one or more strings.')
    if len(texts) > limits.texts:
        raise BadRequestError(422, f'"texts" has {len(texts)} entries; at most {limits.texts} are allowed.')
    return [_checked(text, f'"texts"[{position}]', limits) for position, text in enumerate(texts)], True


def _checked(text: object, name: str, limits: Limits) -> str:
    if not isinstance(text, str):
        raise BadRequestError(422, f"{name} must be a string.")
    if not text or text.isspace():
        raise BadRequestError(422, f"{name} is empty.")
    if len(text) > limits.text_characters:
        raise BadRequestError(
            422, f"{name} has {len(text)} characters; at most {limits.text_characters} are allowed."
        )
    return text
