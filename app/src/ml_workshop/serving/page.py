"""The page to try the model from a browser, and what it is allowed to do."""

import base64
import hashlib
import re
from pathlib import Path

PAGE = Path(__file__).with_name("page.html").read_bytes()


def _hash_of(element: bytes) -> str:
    """Return the source expression that allows one inline element by its content."""
    (content,) = re.findall(b"<%s>(.*?)</%s>" % (element, element), PAGE, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"


HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src {_hash_of(b'style')}; "
    f"script-src {_hash_of(b'script')}; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Only this style and this script, and no requests but to our own server."""
