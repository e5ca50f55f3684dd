"""Reading rows from parquet, csv and JSON lines files."""

import contextlib
import csv
import hashlib
import json
import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path

from ml_workshop.data.dataset import Rows
from ml_workshop.errors import DataError

COLUMNS = ("text", "label")
SUFFIXES = (".parquet", ".csv", ".jsonl")
_PARQUET_ROWS = 1024
"""Rows of a parquet file that are in memory twice at a time."""


def find_split(directory: Path, split: str) -> Path:
    """Return the one file of a split.

    Raises:
        DataError: There is none, or more than one.
    """
    with readable(directory):
        found = [path for suffix in SUFFIXES if (path := directory / f"{split}{suffix}").is_file()]
    if not found:
        raise DataError(f"{directory} has no {split}.parquet, {split}.csv or {split}.jsonl.")
    if len(found) > 1:
        raise DataError(f"{directory} has {found[0].name} and {found[1].name}: keep one of them.")
    return found[0]


def file_identity(path: Path) -> str:
    """Return the sha256 of a file's content.

    Raises:
        DataError: The file cannot be read.
    """
    with readable(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_rows(path: Path) -> tuple[Rows, list[str] | None]:
    """Read the texts and labels of one file.

    Returns:
        The rows, and the class names if the file tells them.

    Raises:
        DataError: The file cannot be read or lacks a column.
    """
    reader = {".parquet": _read_parquet, ".csv": _read_csv, ".jsonl": _read_jsonl}.get(path.suffix)
    if reader is None:
        raise DataError(f"{path} is not a .parquet, .csv or .jsonl file.")
    with readable(path):
        return reader(path)


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a file into a sentence.

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
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: byte {error.start} cannot be decoded.") from error


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"


def _require_columns(path: Path, present: list[str]) -> None:
    missing = [column for column in COLUMNS if column not in present]
    if missing:
        raise DataError(
            f"{path} has no column {' and no column '.join(missing)} (it has: {', '.join(present)})."
        )


def _read_parquet(path: Path) -> tuple[Rows, list[str] | None]:
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    rows: Rows = []
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _require_columns(path, file.schema_arrow.names)
            names = _class_names(file.schema_arrow.metadata or {})
            # In batches, because texts as Arrow and as Python strings at once take twice the memory.
            for batch in file.iter_batches(_PARQUET_ROWS, columns=list(COLUMNS), use_threads=False):
                rows += zip(batch["text"].to_pylist(), batch["label"].to_pylist(), strict=True)
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{path} is not a parquet file, or a damaged one.") from error
    finally:
        pyarrow.default_memory_pool().release_unused()
    return rows, names


def _class_names(metadata: dict[bytes, bytes]) -> list[str] | None:
    """Return the names of the ClassLabel feature that the datasets library left in a file, if it did."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"]["label"]["names"]
    except (KeyError, ValueError, TypeError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None


def _read_csv(path: Path) -> tuple[Rows, None]:
    csv.field_size_limit(sys.maxsize)
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        _require_columns(path, list(reader.fieldnames or ()))
        try:
            rows: Rows = [(row["text"], row["label"]) for row in reader]
        except csv.Error as error:
            raise DataError(f"{path} is not valid CSV at line {reader.line_num}: {error}.") from error
    return _integers_if_all(rows), None


def _integers_if_all(rows: Rows) -> Rows:
    """CSV has no types: labels are numbers when all of them look like it."""
    try:
        return [(text, int(str(label))) for text, label in rows]
    except ValueError:
        return rows


def _read_jsonl(path: Path) -> tuple[Rows, None]:
    return list(_jsonl_rows(path)), None


def _jsonl_rows(path: Path) -> Iterator[tuple[object, object]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DataError(f"{path} is not valid JSON at line {number}.") from error
            if not isinstance(row, dict):
                raise DataError(f"{path} line {number} is not a JSON object.")
            if not all(column in row for column in COLUMNS):
                _require_columns(path, sorted(row))
            yield row["text"], row["label"]
