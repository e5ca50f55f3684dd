"""Opening files: their character encoding, and sentences for errors of the operating system."""

import codecs
import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from ml_workshop.errors import DataError

_CHUNK = 1 << 20
_MOST_ACCENTED = 0.25
"""No text of a Western European language has a larger share of non-ASCII bytes."""


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into sentences.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        yield
    except PermissionError as error:
        raise DataError(
            f"{path} cannot be read by {_user()}: give that user the right to (chmod, chown)."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def detect_encoding(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return the encoding of a text file, UTF-16 (by its first bytes), UTF-8 or Windows-1252, and notes.

    A file in which most of the non-ASCII bytes are valid UTF-8 is damaged UTF-8, not Windows-1252.

    Raises:
        DataError: The file has another encoding; the message has the offset of the first invalid byte.
    """
    with readable(path), path.open("rb") as file:
        utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        encoding = "utf-16" if utf16 else "utf-8"
        offset = _first_error(path, encoding)
        if offset is None:
            return encoding if utf16 else "utf-8-sig", ()
        file.seek(offset)
        byte = file.read(1).hex()
        file.seek(0)
        total = accented = invalid = 0
        while chunk := file.read(_CHUNK):
            total += len(chunk)
            accented += len(chunk.translate(None, bytes(range(128))))
            invalid += len(chunk) - len(chunk.decode("utf-8", "ignore").encode())
    western = not utf16 and 2 * invalid > accented and accented < _MOST_ACCENTED * total
    if western and _first_error(path, "cp1252") is None:
        return "cp1252", ("not UTF-8, read as Windows-1252",)
    raise DataError(
        f"{path} is not {encoding.upper()} text: byte 0x{byte} at offset {offset} cannot be decoded; "
        "convert the file to UTF-8 (iconv)."
    )


def _first_error(path: Path, encoding: str) -> int | None:
    """Return the offset of the first byte that cannot be decoded, None if there is none."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while True:
            start = file.tell() - len(decoder.getstate()[0])
            chunk = file.read(_CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return start + error.start
            if not chunk:
                return None
