"""Reading texts and labels from parquet, CSV and JSON files, and from folders of text files."""

import contextlib
import json
import logging
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from ml_workshop.data.columns import Rows, Table, find_columns
from ml_workshop.data.delimited import open_csv
from ml_workshop.data.reading import detect_encoding, readable
from ml_workshop.errors import DataError

log = logging.getLogger("ml_workshop")

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".json")
BATCH_ROWS = 1024


def open_table(path: Path, labelled: bool = True) -> Table:
    """Open a file, or a folder of text files; the name of the folder is their label.

    Raises:
        DataError: The file cannot be read, or lacks a column.
    """
    if path.is_dir():
        return Table(path.name, partial(_read_folder, path), label_column="folder")
    openers = {
        ".parquet": _open_parquet,
        ".csv": open_csv,
        ".tsv": open_csv,
        ".jsonl": _open_json,
        ".json": _open_json,
    }
    opener = openers.get(path.suffix.lower())
    if opener is None:
        raise DataError(f"{path} has another suffix than {', '.join(SUFFIXES)}.")
    return opener(path, labelled)


def read_rows(path: Path) -> tuple[Rows, list[str] | None]:
    """Read the texts and labels of one file.

    Returns:
        The rows, and the class names if the file has them.

    Raises:
        DataError: The file cannot be read or lacks a column.
    """
    table = open_table(path)
    return [row for rows in table.batches(BATCH_ROWS) for row in rows], table.class_names


def _open_parquet(path: Path, labelled: bool) -> Table:
    import pyarrow.parquet  # type: ignore[import-untyped]

    open_file = pyarrow.parquet.ParquetFile
    with _intact(path), open_file(path) as file:
        schema = file.schema_arrow
    columns, notes = find_columns(str(path), schema.names, labelled)

    def batches(rows: int) -> Iterator[Rows]:
        with (
            _intact(path),
            open_file(path, buffer_size=1 << 20, pre_buffer=False) as file,
        ):  # a row group may not fit into memory
            for batch in file.iter_batches(rows, columns=columns, use_threads=False):
                values = [batch.column(name).to_pylist() for name in columns]
                yield list(zip(values[0], values[1] if labelled else [None] * len(batch), strict=True))
        pyarrow.default_memory_pool().release_unused()

    return Table(path.name, batches, notes, _class_names(schema.metadata or {}, columns[-1]), columns[-1])


@contextlib.contextmanager
def _intact(path: Path) -> Iterator[None]:
    import pyarrow

    try:
        with readable(path):
            yield
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{path} is not a parquet file, or is damaged.") from error


def _class_names(metadata: dict[bytes, bytes], column: str) -> list[str] | None:
    """Return the names of the ClassLabel feature that the datasets library stores in a file, if it did."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"][column]["names"]
    except (KeyError, ValueError, TypeError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None


def _open_json(path: Path, labelled: bool) -> Table:
    encoding, notes = detect_encoding(path)
    first = next(_json_rows(path, encoding), {})
    columns, renamed = find_columns(f"{path} row 1", list(first), labelled) if first else (["", ""], ())

    def batches(rows: int) -> Iterator[Rows]:
        objects = enumerate(_json_rows(path, encoding), start=1)
        while batch := list(islice(objects, rows)):
            for number, row in batch:
                if not all(column in row for column in columns):
                    raise DataError(
                        f"{path} row {number} has no {' and '.join(columns)} (it has: {', '.join(row)})."
                    )
            yield [(row[columns[0]], row[columns[1]] if labelled else None) for _, row in batch]

    return Table(path.name, batches, notes + renamed, label_column=columns[-1])


def _json_rows(path: Path, encoding: str) -> Iterator[dict[str, object]]:
    """Yield the objects of a file of JSON lines, or of one array, which is read as a whole."""
    with readable(path), path.open(encoding=encoding) as file:
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue
            try:
                rows = json.loads(line + file.read()) if line.lstrip().startswith("[") else [json.loads(line)]
            except (RecursionError, ValueError) as error:
                line_number = number + getattr(error, "lineno", 1) - 1
                raise DataError(f"{path} is not valid JSON at line {line_number}.") from error
            for row in rows:
                if not isinstance(row, dict):
                    raise DataError(f"{path} line {number}: {str(row)[:40]} is not a JSON object.")
                yield row


def _read_folder(path: Path, rows: int) -> Iterator[Rows]:
    files = iter(sorted(path.glob("*.txt")))
    notes: Counter[str] = Counter()
    while batch := list(islice(files, rows)):
        texts: Rows = []
        for file in batch:
            with readable(file):
                try:
                    text = file.read_text("utf-8-sig")
                except UnicodeDecodeError:
                    encoding, encoding_notes = detect_encoding(file)
                    notes.update(encoding_notes)
                    text = file.read_text(encoding)
            texts.append((text, path.name))
        yield texts
    for note, count in notes.items():
        log.info("%d files in %s: %s", count, path, note)
