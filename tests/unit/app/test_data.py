"""Data sets: formats that are read, and errors of one sentence."""

import csv
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from in_memory import load_dataset
from ml_workshop.data.dataset import SAMPLE_DIRECTORY, Split
from ml_workshop.data.examples import write_examples
from ml_workshop.data.loading import dataset_identity, load_rows
from ml_workshop.errors import DataError

WriteDataset = Callable[..., Path]
GOOD = [{"text": "good", "label": 1}, {"text": "bad", "label": 0}] * 2


def test_parquet_csv_and_jsonl_are_the_same_data(tmp_path: Path) -> None:
    rows = [('fine, "really"\nfine', 1), ("dull", 0)] * 2
    for kind in ("parquet", "csv", "jsonl"):
        (tmp_path / kind).mkdir()
        for split in ("train", "test"):
            path = tmp_path / kind / f"{split}.{kind}"
            if kind == "parquet":
                texts, labels = zip(*rows, strict=True)
                pq.write_table(pa.table({"text": texts, "label": labels, "extra": labels}), path)
            elif kind == "csv":
                with path.open("w", newline="") as file:
                    csv.writer(file).writerows(
                        [("id", "label", "text"), *((7, label, text) for text, label in rows)]
                    )
            else:
                path.write_text(
                    "\n".join(json.dumps({"text": text, "label": label}) for text, label in rows) + "\n\n"
                )
    loaded = [load_dataset(str(tmp_path / kind)) for kind in ("parquet", "csv", "jsonl")]
    for dataset in loaded:
        assert (
            dataset.train == dataset.test == Split([text for text, _ in rows], [label for _, label in rows])
        )
        assert dataset.label_names == ["negative", "positive"]
    assert len({dataset.identity for dataset in loaded}) == 3


@pytest.mark.parametrize(
    ("features", "called"),
    [
        ({"label": {"names": ["ham", "spam"], "_type": "ClassLabel"}}, ["ham", "spam"]),
        ("oops", ["negative", "positive"]),
        ({"label": "int64"}, ["negative", "positive"]),
        ({"label": {"names": None}}, ["negative", "positive"]),
    ],
)
def test_class_names_come_from_the_features_of_a_parquet_file(
    tmp_path: Path, features: object, called: list[str]
) -> None:
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"text": ["a", "b"] * 2, "label": [0, 1] * 2}).replace_schema_metadata(metadata)
    for split in ("train", "test"):
        pq.write_table(table, tmp_path / f"{split}.parquet")
    assert load_dataset(str(tmp_path)).label_names == called


def test_class_names_may_be_the_labels_themselves(write_dataset: WriteDataset) -> None:
    rows = [{"text": "x", "label": label} for label in ("sport", "art", "war")] * 2
    dataset = load_dataset(str(write_dataset(rows, rows)))
    assert dataset.label_names == ["art", "sport", "war"]
    assert dataset.train.labels == [1, 0, 2] * 2


def test_rows_without_text_are_left_out(write_dataset: WriteDataset) -> None:
    rows = [*GOOD, {"text": " \n", "label": 1}, {"text": None, "label": 0}, {"text": "", "label": None}]
    assert len(load_dataset(str(write_dataset(rows, rows))).train) == len(GOOD)


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (None, GOOD, "has no train.* (it has: test)"),
        (None, None, "has no train.* and test.* (.parquet, .csv, .tsv, .jsonl, .json)"),
        ([{"opinion": "x", "label": 1}], GOOD, "no column text (or review, sentence"),
        ([{"text": "x", "stars": 1}], GOOD, "no column label (or sentiment, class"),
        ([{"text": "x", "stars": 1}], GOOD, "; it has: text, stars."),
        ([{"text": "x", "label": 1}] * 3, GOOD, "the one class 'positive'"),
        ([{"text": "x", "label": 1}] * 3, GOOD[:1], "the one class '1'"),
        ([], GOOD, "no row with a text"),
        ([{"text": " ", "label": 1}], GOOD, "no row with a text"),
        (GOOD, [{"text": "", "label": 1}], "split test has no row with a text"),
        ([{"text": "x", "label": name} for name in ("a\nb", "c") * 2], GOOD, r"has the label 'a\nb', which"),
        (
            [{"text": "x", "label": name} for name in ("\ud800", "c") * 2],
            GOOD,
            r"has the label '\ud800', which",
        ),
        ([*GOOD, {"text": "x", "label": 2}], GOOD, "class '2' has a single row in split train"),
        (GOOD, [{"text": "x", "label": 5}], "label 5 of split test does not occur in split train"),
        ([*GOOD, {"text": "x", "label": None}], GOOD, "row 5 of split train has no label"),
        (GOOD, [{"text": "x", "label": -1}], "column label has the labels -1, 0, 1; -1 may mean no label"),
        ([*GOOD, {"text": "x", "label": float("nan")}], GOOD, "row 5 of split train has no label"),
        ([*GOOD, {"text": "x", "label": 0.5}], GOOD, "label 0.5 of row 5 of split train is neither"),
        ([*GOOD, {"text": "x", "label": [1]}], GOOD, "label [1] of row 5 of split train is neither"),
        (GOOD[:2], GOOD, "class 'positive' has a single row"),
        ([*GOOD, {"text": 7, "label": 1}], GOOD, "text of row 5 of split train is not a string"),
        ([*GOOD, {"text": "x", "label": "good"}], GOOD, "partly words as labels (0, 1, good)"),
    ],
)
def test_data_sets_that_are_refused(
    write_dataset: WriteDataset, train: list[dict[str, object]], test: list[dict[str, object]], message: str
) -> None:
    directory = write_dataset(train, test)
    with pytest.raises(DataError) as error:
        load_dataset(str(directory))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train.jsonl", b"{", "not valid JSON at line 1"),
        ("train.json", b"[" * 100_000, "not valid JSON at line 1"),
        ("train.jsonl", b"\n[1]\n", "line 2: 1 is not a JSON object"),
        ("train.json", b'[{"text": "x", "label": 1},\n{"text"}]', "not valid JSON at line 2"),
        (
            "train.jsonl",
            b'{"text": "x", "label": 1}\n{"text": "x"}\n',
            r"row 2 has no text and label \(it has: text\)",
        ),
        ("train.csv", b"", "no column text .* and no column label .* it has: nothing"),
        ("train.parquet", b"PAR1 no", "not a parquet file"),
        (
            "train.csv",
            b'text,label\nx,1\n"y\nz"!,0\n',
            "line 3: ',' expected after '\"'; enclose texts in quotes",
        ),
        ("train.csv", b"text,label\nx,1\ngood, really,1\n", "line 3: 3 fields instead of 2; enclose texts"),
        ("train.csv", b'text,label\n"x,1\ny,0\n', "line 2: unexpected end of data; enclose texts"),
        # Quotes escaped by backslash, but not everywhere: neither reading fits.
        ("train.csv", b'text,label\n"a \\"b\\" c",1\n"a "b" c",0\n', "line 2: ',' expected after '\"'"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "test.jsonl").write_text(json.dumps(GOOD[0]))
    with pytest.raises(DataError, match=message):
        load_dataset(str(tmp_path))


def test_labels_may_be_truth_values_or_whole_floats(write_dataset: WriteDataset) -> None:
    rows = [{"text": "a", "label": False}, {"text": "b", "label": 1.0}, {"text": "c", "label": True}]
    dataset = load_dataset(str(write_dataset([*rows, rows[0]], rows)))
    assert dataset.test.labels == [0, 1, 1]
    assert dataset.label_names == ["negative", "positive"]


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path, write_dataset: WriteDataset) -> None:
    rows = [*GOOD, {"text": "broken \ud83d emoji", "label": 1}]
    dataset = load_dataset(str(write_dataset(rows, rows)))
    write_examples([dataset.test], len(dataset.test), tmp_path / "examples.jsonl")
    assert dataset.train.texts[-1] == "broken ? emoji"


@pytest.mark.parametrize("mode", ["file", "directory"])
def test_unreadable_files_are_named(mode: str, request: pytest.FixtureRequest) -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own directories are closed to others altogether
        Path(place).chmod(0o755)
        directory = Path(place) / "reviews"
        directory.mkdir(mode=0o755 if mode == "file" else 0o000)
        for split in ("train", "test"):
            (directory / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in GOOD))
        (directory / "train.jsonl").chmod(0o000)
        request.getfixturevalue("unprivileged")
        for load in (load_dataset, dataset_identity):
            with pytest.raises(
                DataError, match=r"reviews(/train\.jsonl)? cannot be read by .*: give that user"
            ):
                load(str(directory))
        with pytest.raises(DataError, match="cannot be read by"):
            load_rows(directory / "train.jsonl", ["a", "b"])
        if os.getuid() == 0:
            os.seteuid(0)  # to clear up


def test_two_files_for_one_split_are_refused(write_dataset: WriteDataset) -> None:
    directory = write_dataset(GOOD, GOOD)
    (directory / "train.csv").write_text("text,label\n")
    with pytest.raises(DataError, match=r"train\.csv and train\.jsonl: keep one"):
        load_dataset(str(directory))


@pytest.mark.parametrize("name", ["/no/such/directory", "./reviews", "a/b/c", ""])
def test_invalid_names(name: str) -> None:
    with pytest.raises(DataError, match="neither a directory nor the id"):
        dataset_identity(name)


def test_the_identity_depends_on_the_content(write_dataset: WriteDataset) -> None:
    directory = write_dataset(GOOD, GOOD)
    before = dataset_identity(str(directory))
    assert before == dataset_identity(str(directory))
    with (directory / "test.jsonl").open("a") as file:
        file.write("\n")
    assert before != dataset_identity(str(directory))


def test_rows_for_evaluation_have_the_classes_of_the_model(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"

    def write(*labels: object) -> None:
        path.write_text("".join(json.dumps({"text": "x", "label": label}) + "\n" for label in labels))

    for labels, names, expected in (
        (["positive", "negative"], ["negative", "positive"], [1, 0]),
        ([1, 0, "1.0"], ["negative", "positive"], [1, 0, 1]),
        ([2, 1], ["negative", "positive"], [1, 0]),
        ([-1, 1], ["negative", "positive"], [0, 1]),
        (["pos"], ["negative", "positive"], [1]),
        ([1], ["sport", "art"], [1]),
        ([0, 1], ["sport", "art"], [0, 1]),
        (["art"], ["sport", "art"], [1]),
        ([1, 2], ["1", "2", "3"], [0, 1]),
    ):
        write(*labels)
        assert load_rows(path, names) == Split(["x"] * len(labels), expected)
    write("positive")
    with pytest.raises(
        DataError, match=r"has the label 'positive', none of the model's classes \(sport, art"
    ):
        load_rows(path, ["sport", "art"])
    write([0])
    with pytest.raises(DataError, match=r"label \[0\] of row 1 of split test is neither"):
        load_rows(path, ["negative", "positive"])
    with pytest.raises(DataError, match="does not exist"):
        load_rows(tmp_path / "missing.csv", ["a", "b"])


def test_examples_are_spread_over_the_split(tmp_path: Path) -> None:
    split = Split([f"review {row}" for row in range(2000)], [0] * 1000 + [1] * 1000)
    write_examples([split], len(split), tmp_path / "new" / "examples.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "new" / "examples.jsonl").read_text().splitlines()]
    assert len(rows) == 500
    assert sum(row["label"] for row in rows) == 250
    assert list((tmp_path / "new").iterdir()) == [tmp_path / "new" / "examples.jsonl"]


def test_no_test_row_of_the_sample_is_a_training_row() -> None:
    train, test = (
        {json.loads(line)["text"] for line in (SAMPLE_DIRECTORY / f"{split}.jsonl").read_text().splitlines()}
        for split in ("train", "test")
    )
    assert not train & test
    assert len(train) == 600
    assert len(test) == 200
