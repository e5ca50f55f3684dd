"""Data sets of the hub and its errors, by the real client over HTTP against fake hubs."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from subprocess import CompletedProcess

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from server_process import http_server, respond

pytestmark = pytest.mark.slow

Command = Callable[..., CompletedProcess[str]]


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "RepoNotFound", "is neither a directory here nor a public data set of the hub"),
        (401, "RepoNotFound", "is neither a directory here nor a public data set of the hub"),
        (404, "RevisionNotFound", "has no revision main on the hub"),
        (401, "", "needs a valid token (HTTP 401): correct HF_TOKEN, or unset it"),
        (403, "GatedRepo", "is restricted (HTTP 403): accept its conditions on the hub"),
        (403, "", "is restricted (HTTP 403): accept its conditions on the hub"),
        (429, "", "the hub limits requests (HTTP 429): try again later"),
        (500, "", "the hub answered HTTP 500: try again later"),
    ],
)
def test_the_cause_of_an_error_is_named(command: Command, status: int, code: str, message: str) -> None:
    def handle(request: BaseHTTPRequestHandler) -> None:
        respond(request, {}, status, X_Error_Code=code)

    with http_server(handle) as url:
        done = command("fingerprint", "--dataset", "made-up/reviews", HF_ENDPOINT=url, HF_HUB_OFFLINE="0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f"Data set made-up/reviews {message}" in done.stderr.replace("cannot be loaded, ", "")
    assert "network" not in done.stderr


def test_offline_mode_and_the_old_id_of_imdb(command: Command) -> None:
    done = command("fingerprint", "--dataset", "imdb", HF_HUB_OFFLINE="1")
    assert done.stderr.startswith(
        "ml-workshop: Data set stanfordnlp/imdb cannot be loaded from the hub: HF_HUB_OFFLINE is set"
    )


def test_no_connection_is_the_network(command: Command) -> None:
    done = command("fingerprint", "--dataset", "a/b", HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="0")
    assert "(Connection refused): check the network" in done.stderr.replace("[Errno 111] ", "")


def test_all_splits_of_a_data_set_are_read_in_batches(tmp_path: Path) -> None:
    """By the real loader, with the features and the splits that IMDB has on the hub."""
    features = {
        "sentiment": {"names": ["neg", "pos"], "_type": "ClassLabel"},
        "text": {"dtype": "string", "_type": "Value"},
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    for split, labels in (("train", [1, 0] * 3), ("test", [0, 1]), ("unsupervised", [-1] * 5)):
        table = pa.table({"text": [f"{split} {row}" for row in range(len(labels))], "sentiment": labels})
        (tmp_path / "repo").mkdir(exist_ok=True)
        pq.write_table(
            table.replace_schema_metadata(metadata), tmp_path / "repo" / f"{split}-00000-of-00001.parquet"
        )
    splits = "".join(f"  - split: {name}\n    path: {name}-*\n" for name in ("train", "test", "unsupervised"))
    (tmp_path / "repo" / "README.md").write_text(
        f"---\nconfigs:\n- config_name: default\n  data_files:\n{splits}---\n"
    )
    read = (
        "import json; from ml_workshop.data.loading import open_dataset\n"
        "source = open_dataset('stanfordnlp/imdb', unlabelled=True)\n"
        "for split in ('train', 'test', 'unsupervised'):\n"
        "    print(json.dumps([(batch.texts, batch.labels) for batch in source.iter_texts(split, 4)]))\n"
        "print(json.dumps([source.label_names, open_dataset('imdb').label_names]))"
    )
    fake = [
        sys.executable,
        Path(__file__).parent / "fake_hub.py",
        "--data-set",
        f"stanfordnlp/imdb={tmp_path / 'repo'}",
    ]
    with subprocess.Popen(fake, stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        settings = {
            "HF_ENDPOINT": hub.stdout.readline().strip(),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(tmp_path / "hf"),
        }
        done = subprocess.run(
            [sys.executable, "-c", read],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=120,
        )
        hub.terminate()
    assert done.returncode == 0, done.stderr
    train, test, unlabelled, names = map(json.loads, done.stdout.splitlines())
    assert train == [[[f"train {row}" for row in range(4)], [1, 0, 1, 0]], [["train 4", "train 5"], [1, 0]]]
    assert test == [[["test 0", "test 1"], [0, 1]]]
    assert [len(texts) for texts, labels in unlabelled if labels == []] == [4, 1]
    assert names == [["negative", "positive"]] * 2
