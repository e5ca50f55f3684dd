"""Common formats of data sets: each is read and logged with one line, or refused with one sentence."""

import csv
import json
import logging
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from in_memory import load_dataset
from ml_workshop.data.dataset import Split
from ml_workshop.data.loading import dataset_identity, load_rows, open_dataset
from ml_workshop.errors import DataError

pytestmark = pytest.mark.slow

TEXTS = ["a terrible film, with awful acting", "superb: the best picture; I loved it"] * 5
LABELS = [0, 1] * 5
READ = Split(TEXTS, LABELS)
Log = pytest.LogCaptureFixture


@pytest.fixture(autouse=True)
def log_level(caplog: Log) -> None:
    caplog.set_level(logging.INFO, "ml_workshop")


def write_csv(
    path: Path,
    labels: list[str],
    header: tuple[str, ...] | None = ("text", "label"),
    encoding: str = "utf-8",
    **dialect: str,
) -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, **dialect)  # type: ignore[arg-type]
        writer.writerows([*([header] if header else []), *zip(TEXTS, labels * 5, strict=True)])


@pytest.mark.parametrize(
    ("labels", "header", "dialect", "lines"),
    [
        (["0", "1"], ("text", "label"), {}, []),
        (["0", "1"], ("text", "label"), {"lineterminator": "\n"}, []),
        (["neg", "pos"], ("text", "label"), {}, ["labels neg, pos are read as negative, positive"]),
        (["0.0", "1.0"], ("text", "label"), {}, ["labels 0.0, 1.0 are read as negative, positive"]),
        (["1", "2"], ("text", "label"), {}, ["labels 1, 2 are read as negative, positive"]),
        (["-1", "+1"], ("text", "label"), {}, ["labels -1, +1 are read as negative, positive"]),
        (["no", "Yes"], ("text", "label"), {}, ["labels no, Yes are read as negative, positive"]),
        (["False", "True"], ("text", "label"), {}, ["labels False, True are read as negative, positive"]),
        (
            ["Negative", "POSITIVE"],
            ("text", "label"),
            {},
            ["labels Negative, POSITIVE are read as negative, positive"],
        ),
        (
            ["negative", "positive"],
            ("review", "sentiment"),
            {},
            ["column review is read as text, column sentiment is read as label"],
        ),
        (["0", "1"], ("Text", " LABEL "), {}, ["column Text is read as text, column LABEL is read as label"]),
        (
            ["0", "1"],
            ("sentence", "polarity"),
            {},
            ["column sentence is read as text, column polarity is read as label"],
        ),
        (["0", "1"], ("text", "label"), {"delimiter": ";"}, ["separated by semicolons"]),
        (["0", "1"], ("text", "label"), {"delimiter": "\t"}, ["separated by tabs"]),
        (["0", "1"], None, {}, ["no header: column 1 is read as text, column 2 as label"]),
        (
            ["neg", "pos"],
            None,
            {"delimiter": ";"},
            [
                "separated by semicolons; no header: column 1 is read as text, column 2 as label",
                "labels neg, pos are read as negative, positive",
            ],
        ),
    ],
)
def test_csv_files(
    tmp_path: Path,
    caplog: Log,
    labels: list[str],
    header: tuple[str, ...] | None,
    dialect: dict[str, str],
    lines: list[str],
) -> None:
    for split in ("train", "test"):
        write_csv(tmp_path / f"{split}.csv", labels, header, **dialect)
    dataset = load_dataset(str(tmp_path))
    assert (dataset.train, dataset.test) == (READ, READ)
    assert dataset.label_names == ["negative", "positive"]
    assert [line.partition(": ")[2] for line in caplog.messages] == lines


def test_more_columns_without_a_header(tmp_path: Path, caplog: Log) -> None:
    """As Sentiment140 and the original Amazon reviews."""
    rows = [
        f'"{label}","1467810{row}","Mon Apr 06","NO_QUERY","is upset, that text"\n'
        for label in (0, 4)
        for row in range(120)
    ]
    (tmp_path / "rows.csv").write_text("".join(rows), "latin-1")
    dataset = load_dataset(str(tmp_path))
    assert dataset.train.labels == [0] * 96 + [1] * 96
    assert set(dataset.test.texts) == {"is upset, that text"}
    assert "no header: column 5 is read as text, column 1 as label" in caplog.text
    assert "labels 0, 4 are read as negative, positive" in caplog.text


def test_labels_may_be_spelled_in_several_ways(tmp_path: Path, caplog: Log) -> None:
    write_csv(tmp_path / "train.csv", ["0", "1"])
    write_csv(tmp_path / "test.csv", ["0.0", "1.0"])
    dataset = load_dataset(str(tmp_path))
    assert dataset.label_names == ["negative", "positive"]
    assert dataset.test == READ
    assert "labels 0/0.0, 1/1.0 are read as negative, positive" in caplog.text


@pytest.mark.parametrize(
    ("names", "order"),
    [(["neg", "pos"], [0, 1]), (["pos", "neg"], [1, 0]), (["Negative", "Positive"], [0, 1])],
)
def test_negative_is_class_0_whatever_the_order_of_the_features(
    tmp_path: Path, names: list[str], order: list[int]
) -> None:
    metadata = {"huggingface": json.dumps({"info": {"features": {"sentiment": {"names": names}}}})}
    table = pa.table({"text": ["a", "b"] * 2, "sentiment": [0, 1] * 2}).replace_schema_metadata(metadata)
    for split in ("train", "test"):
        pq.write_table(table, tmp_path / f"{split}.parquet")
    dataset = load_dataset(str(tmp_path))
    assert dataset.label_names == ["negative", "positive"]
    assert dataset.train.labels == order * 2
    assert load_rows(tmp_path / "test.parquet", ["negative", "positive"]).labels == order * 2


@pytest.mark.parametrize("labels", [["-1", "0", "1"], ["-1", "0"], ["-1"]])
def test_minus_one_beside_other_labels_is_refused(tmp_path: Path, labels: list[str]) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text(
            "text,polarity\n" + "".join(f"x,{label}\n" for label in labels * 2)
        )
    with pytest.raises(
        DataError, match=f"column polarity has the labels {', '.join(labels)}; -1 may mean no label"
    ):
        load_dataset(str(tmp_path))


def test_three_classes_keep_their_names(tmp_path: Path, caplog: Log) -> None:
    for split in ("train", "test"):
        (tmp_path / f"{split}.csv").write_text("text,label\n" + "x,neg\ny,neu\nz,pos\n" * 2)
    assert load_dataset(str(tmp_path)).label_names == ["negative", "neutral", "positive"]
    assert "labels neg, neu, pos are read as negative, neutral, positive" in caplog.text


ESCAPED = 'text,label\n"He said \\"great, really\\" film",1\n"dull, ""so"" dull",0\n'
KAGGLE = 'id\tsentiment\treview\n"5_8"\t1\t"said \\"great\\", film"\n"5_9"\t0\t"dull"\n'
UNQUOTED = 'text\tlabel\n"great" film\t1\n"dull\t0\n'


@pytest.mark.parametrize(
    ("content", "texts", "note"),
    [
        (ESCAPED, ['He said "great, really" film', 'dull, "so" dull'], "backslashes escape quotes"),
        (
            KAGGLE,
            ['said "great", film', "dull"],
            "column sentiment is read as label; backslashes escape quotes",
        ),
        (UNQUOTED, ['"great" film', '"dull'], "separated by tabs; quotes are part of the texts"),
        ('text,label\n"a path C:\\",1\ndull,0\n', ["a path C:\\", "dull"], ""),
        ('text, label\n"great, really", 1\ndull, 0\n', ["great, really", "dull"], ""),
    ],
)
def test_quoting(tmp_path: Path, caplog: Log, content: str, texts: list[str], note: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)
    assert load_rows(path, ["negative", "positive"]) == Split(texts, [1, 0])
    assert len(caplog.messages) == (1 if note else 0)
    assert caplog.text.rstrip().endswith(note)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "folder"])
def test_encodings(tmp_path: Path, caplog: Log, encoding: str, kind: str) -> None:
    text = "Très décevant, naïve and a cliché"
    if kind == "csv":
        (tmp_path / "rows.csv").write_text(f'text,label\n"{text}",0\n"fine",1\n', encoding)
    elif kind == "jsonl":
        rows = [{"text": text, "label": 0}, {"text": "fine", "label": 1}]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / "rows.jsonl").write_text(lines, encoding)
    else:
        for folder, content in (("neg", text), ("pos", "fine")):
            (tmp_path / "test" / folder).mkdir(parents=True)
            (tmp_path / "test" / folder / "0.txt").write_text(content, encoding)
    path = tmp_path if kind == "folder" else tmp_path / f"rows.{kind}"
    assert load_rows(path, ["negative", "positive"]) == Split([text, "fine"], [0, 1])
    assert caplog.text.count("read as Windows-1252") == (encoding in ("cp1252", "latin-1"))


@pytest.mark.parametrize(
    ("content", "byte", "offset"),
    [
        ("text,label\nnaïve café,1\n".encode() * 3 + b"dull \xff,0\n", "0xff", 83),
        (b"text,label\n" + "é".encode() * (1 << 19) + b"\xe9,0\n", "0xe9", 11 + (1 << 20)),
        (b"text,label\n\xef\xeb\xee\xf5\xee,0\n", "0xef", 11),  # Cyrillic
        (b"\xff\xfet\0\x00\xd8x\0", "0x00", 4),
    ],
)  # fmt: skip
def test_the_offset_of_a_bad_byte_is_right(tmp_path: Path, content: bytes, byte: str, offset: int) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(
        DataError, match=f"byte {byte} at offset {offset} cannot be decoded; convert the file"
    ):
        load_rows(path, ["negative", "positive"])
    assert content[offset] == int(byte, 16)


def parquet(path: Path, rows: slice = slice(None)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"text": TEXTS[rows], "label": LABELS[rows]}), path)


@pytest.mark.parametrize(
    "pattern",
    [
        "{}-00000-of-00001.parquet",
        "{}-00000-of-00001-b42a775f407cee45.parquet",
        "plain_text/{}-00000-of-00001.parquet",
        "data/{}-00000-of-00001.parquet",
        "plain_text/{}/0000.parquet",
        "{}/anything.parquet",
    ],
)
def test_layouts_of_downloaded_data_sets(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "README.md").write_text("card")
    (tmp_path / "dataset_infos.json").write_text("{}")
    (tmp_path / ".cache").mkdir()
    for split in ("train", "test"):
        parquet(tmp_path / pattern.format(split))
    dataset = load_dataset(str(tmp_path))
    assert (dataset.train, dataset.test) == (READ, READ)
    assert load_rows(tmp_path, ["negative", "positive"]) == READ


def test_all_shards_are_read_in_order_or_the_missing_named(tmp_path: Path) -> None:
    parquet(tmp_path / "train-00000-of-00002.parquet", slice(0, 4))
    parquet(tmp_path / "test.parquet")
    with pytest.raises(
        DataError, match=r"1 of 2 files such as train-00000-of-00002\.parquet: add the others"
    ):
        load_dataset(str(tmp_path))
    parquet(tmp_path / "train-00001-of-00002.parquet", slice(4, None))
    before = dataset_identity(str(tmp_path))
    assert load_dataset(str(tmp_path)).train == READ
    parquet(tmp_path / "train-00001-of-00002.parquet", slice(3, None))
    assert dataset_identity(str(tmp_path)) != before


def test_several_data_sets_in_one_directory_are_refused(tmp_path: Path) -> None:
    for config in ("plain_text", "other"):
        parquet(tmp_path / config / "train.parquet")
    with pytest.raises(DataError, match=r"several data sets \(other, plain_text\): name one"):
        load_dataset(str(tmp_path))


def test_folders_of_text_files(tmp_path: Path, caplog: Log) -> None:
    """The original data set: train/{neg,pos,unsup} and test/{neg,pos}, with other files."""
    for split in ("train", "test"):
        for folder, text in (
            ("neg", "dull"),
            ("pos", "fine"),
            *([("unsup", "so")] if split == "train" else []),
        ):
            (tmp_path / split / folder).mkdir(parents=True)
            for number in range(3):
                (tmp_path / split / folder / f"{number}_7.txt").write_text(f"{text} {number}")
        (tmp_path / split / "urls_pos.txt").write_text("http://")
    (tmp_path / "README").write_text("x")
    (tmp_path / "imdbEr.txt").write_text("0.1")
    dataset = load_dataset(str(tmp_path))
    expected = Split(
        [f"{text} {number}" for text in ("dull", "fine") for number in range(3)], [0] * 3 + [1] * 3
    )
    assert (dataset.train, dataset.test) == (expected, expected)
    assert [line.partition(": ")[2] for line in caplog.messages] == [
        "labels neg, pos are read as negative, positive"
    ]
    assert load_rows(tmp_path / "test", ["negative", "positive"]) == expected
    source = open_dataset(str(tmp_path), unlabelled=True)
    assert list(source.iter_texts("unsupervised", 2)) == [Split(["so 0", "so 1"], []), Split(["so 2"], [])]
    assert source.identity != dataset_identity(str(tmp_path))
    before = dataset_identity(str(tmp_path))
    (tmp_path / "train" / "pos" / "0_7.txt").rename(tmp_path / "train" / "neg" / "9_7.txt")
    assert dataset_identity(str(tmp_path)) != before


@pytest.mark.parametrize("as_file", [False, True])
def test_one_file_is_split_the_same_way_every_time(tmp_path: Path, caplog: Log, as_file: bool) -> None:
    """As Kaggle has IMDB."""
    path = tmp_path / "IMDB Dataset.csv"
    rows = [f"review {row},{'positive' if row % 3 else 'negative'}" for row in range(60)]
    path.write_text("review,sentiment\n" + "\n".join(rows))
    name = str(path if as_file else tmp_path)
    dataset = load_dataset(name)
    assert (len(dataset.train), len(dataset.test)) == (48, 12)
    assert (sum(dataset.train.labels), sum(dataset.test.labels)) == (32, 8)
    assert sorted(dataset.train.texts + dataset.test.texts) == sorted(row.partition(",")[0] for row in rows)
    assert load_dataset(name) == dataset
    assert (
        "no test split; every fifth row of each class is a test row (48 training, 12 test rows)"
        in caplog.text
    )
    if not as_file:
        assert load_rows(tmp_path, ["negative", "positive"]) == dataset.test


@pytest.mark.parametrize("kind", ["array", "pretty", "lines"])
def test_json(tmp_path: Path, kind: str) -> None:
    rows = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)]
    content = (
        "\n".join(map(json.dumps, rows))
        if kind == "lines"
        else json.dumps(rows, indent=2 * (kind == "pretty"))
    )
    for split in ("train", "test"):
        (tmp_path / f"{split}.json").write_text(content)
    assert load_dataset(str(tmp_path)).train == READ


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_texts_are_read_in_bounded_memory(tmp_path: Path, kind: str) -> None:
    rows, random = 10_000, Random(0)  # noqa: S311
    texts, labels = [random.randbytes(500).hex() for _ in range(rows)], [0, 1] * (rows // 2)
    for split in ("train", "unlabeled"):
        path = tmp_path / f"{split}.{kind}"
        if kind == "parquet":
            pq.write_table(pa.table({"text": texts, "label": labels}), path)
        elif kind == "csv":
            with path.open("w", newline="") as file:
                csv.writer(file).writerows([("text", "label"), *zip(texts, labels, strict=True)])
        else:
            with path.open("w") as file:
                file.writelines(
                    json.dumps({"text": text, "label": label}) + "\n"
                    for text, label in zip(texts, labels, strict=True)
                )
    del texts
    pool = pa.default_memory_pool()
    source = open_dataset(str(tmp_path), unlabelled=True)
    arrow = 0
    tracemalloc.start()
    try:
        for split, expected in (("train", 8_000), ("test", 2_000), ("unsupervised", 10_000)):
            read = 0
            for batch in source.iter_texts(split, 100):
                assert len(batch) <= 100
                assert len(batch.labels) == (0 if split == "unsupervised" else len(batch))
                read += len(batch)
                arrow = max(arrow, pool.bytes_allocated())
            assert read == expected
        assert tracemalloc.get_traced_memory()[1] < 4_000_000, "of 10 MB"
        assert arrow < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_misnamed_test_file_is_an_error(tmp_path: Path) -> None:
    parquet(tmp_path / "train.parquet")
    parquet(tmp_path / "tests.parquet")
    with pytest.raises(DataError, match=r"no test\.\*, but tests\.parquet"):
        load_dataset(str(tmp_path))


def test_the_command_logs_how_a_data_set_is_read(command: Callable[..., object], tmp_path: Path) -> None:
    write_csv(tmp_path / "all.csv", ["neg", "pos"], ("Review", "Class"), delimiter=";")
    done = command("train", "--dataset", tmp_path, "--output_dir", tmp_path / "model", "--num_train_epochs=1")
    lines = done.stderr.splitlines()  # type: ignore[attr-defined]
    assert f"{tmp_path.name} (all.csv): separated by semicolons; column Review is read as text" in lines[0]
    assert f"{tmp_path.name}: labels neg, pos are read as negative, positive" in lines[1]
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["label_names"] == ["negative", "positive"]
