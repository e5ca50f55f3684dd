"""CSV files as spreadsheets, databases and pandas write them."""

import csv
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ml_workshop.data.columns import Rows, Table, find_columns
from ml_workshop.data.labels import is_binary_label
from ml_workshop.data.reading import detect_encoding, readable
from ml_workshop.errors import DataError

_DELIMITERS = {",": "", ";": "separated by semicolons", "\t": "separated by tabs", "|": "separated by pipes"}
_SAMPLE_LINES = 100
_QUOTING: dict[str, dict[str, Any]] = {
    "": {},
    "backslashes escape quotes": {"escapechar": "\\"},
    "quotes are part of the texts": {"quoting": csv.QUOTE_NONE},  # in files separated by tabs only
}


def open_csv(path: Path, labelled: bool) -> Table:
    """Detect encoding, delimiter, header and quoting of a CSV file, and check the number of fields per row.

    Raises:
        DataError: The file cannot be read, lacks a column, or its quoting is ambiguous.
    """
    csv.field_size_limit(sys.maxsize)
    encoding, encoding_note = detect_encoding(path)
    with readable(path), path.open(newline="", encoding=encoding) as file:
        lines = list(islice(file, _SAMPLE_LINES))
    samples = {delimiter: _parse(lines, delimiter) for delimiter in _DELIMITERS}
    delimiter = max(samples, key=lambda each: len(samples[each][0]))  # the comma wins a tie
    headerless = next(((each, at) for each, rows in samples.items() if (at := _data_columns(rows))), None)
    if labelled and headerless:
        delimiter, columns = headerless
        column_note: tuple[str, ...] = (
            "no header: column {} is read as text, column {} as label".format(*(n + 1 for n in columns)),
        )
    else:
        header = samples[delimiter][0]
        names, column_note = find_columns(str(path), header, labelled)
        columns = [header.index(name) for name in names]
    quoting, quoting_note = _find_quoting(path, encoding, delimiter, len(samples[delimiter][0]))

    def batches(rows: int) -> Iterator[Rows]:
        with readable(path), path.open(newline="", encoding=encoding) as file:
            reader = filter(None, csv.reader(file, delimiter=delimiter, skipinitialspace=True, **quoting))
            if not (labelled and headerless):
                next(reader)
            while batch := list(islice(reader, rows)):
                yield [(row[columns[0]], row[columns[1]] if labelled else None) for row in batch]

    notes = (*encoding_note, _DELIMITERS[delimiter], *column_note, quoting_note)
    label_column = names[1] if labelled and not headerless else "label"
    return Table(path.name, batches, tuple(filter(None, notes)), label_column=label_column)


def _parse(lines: list[str], delimiter: str) -> list[list[str]]:
    """Return the records of a sample; the last one is left out if it may be incomplete."""
    records = [row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row]
    return (records[:-1] if len(lines) == _SAMPLE_LINES else records) or [[]]


def _data_columns(sample: list[list[str]]) -> list[int] | None:
    """Return the text and the label column if the first row has a label, so it is not a header."""
    columns = range(len(sample[0]))
    labels = [
        column
        for column in columns
        if all(is_binary_label("".join(row[column : column + 1])) for row in sample)
    ]
    texts = [column for column in columns if column not in labels]
    if len(labels) != 1 or not texts:
        return None
    return [max(texts, key=lambda column: len(sample[0][column])), labels[0]]


def _find_quoting(path: Path, encoding: str, delimiter: str, width: int) -> tuple[dict[str, Any], str]:
    """Return the first options of `csv.reader` that fit the whole file, and a note."""
    errors = []
    for note, options in _QUOTING.items():
        line = 1
        with readable(path), path.open(newline="", encoding=encoding) as file:
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True, **options)
            try:
                for row in reader:
                    if row and len(row) != width:
                        raise csv.Error(f"{len(row)} fields instead of {width}")
                    line = reader.line_num + 1
            except csv.Error as error:
                errors.append(f"{path} line {line}: {error}")
                continue
        if "quoting" not in options or delimiter == "\t":
            return options, note
    raise DataError(f'{errors[0]}; enclose texts in quotes (") and double each quote inside them ("").')
