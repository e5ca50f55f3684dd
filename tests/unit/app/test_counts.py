"""Training on counts of n-grams that DuckDB has made, as docs/scaling.md shows."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ml_workshop.data.dataset import SAMPLE_DIRECTORY
from ml_workshop.errors import DataError
from ml_workshop.text.tokens import marked_tokens
from ml_workshop.training.corpus import text_hashes
from ml_workshop.training.counts import document_ngrams, is_held_out
from ml_workshop.training.splitting import hold_out
from plain_tokens import marked_tokens as plain_tokens

pytestmark = pytest.mark.slow

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "scaling.md"


@pytest.fixture
def counted(tmp_path: Path) -> Path:
    """Run the program of the documentation on the sample."""
    import duckdb

    (program,) = re.findall(r"```python\n(import duckdb.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    shutil.copytree(SAMPLE_DIRECTORY, tmp_path / "reviews")
    (tmp_path / "counts").mkdir()
    with pytest.MonkeyPatch.context() as place:
        place.chdir(tmp_path)
        exec(compile(program, str(DOCUMENTATION), "exec"), {"duckdb": duckdb})  # noqa: S102
    return tmp_path


def test_the_model_is_the_same_as_by_our_own_counts(
    counted: Path, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    options = ["--dataset", counted / "reviews", "--hidden-size=8", "--input-size=2000"]
    for name, counts in (("own", []), ("theirs", ["--counts", counted / "counts"])):
        done = command("train", *options, *counts, "--output-dir", counted / name)
        assert done.returncode == 0, done.stderr
    for name in ("model.safetensors", "vocabulary.txt"):
        assert (counted / "own" / name).read_bytes() == (counted / "theirs" / name).read_bytes()
    refused = command("train", *options, *counts, "--output-dir", counted / "m", "--seed=1")
    assert refused.returncode == 1
    assert "Count the same rows with the same seed." in refused.stderr


def test_ngrams_of_a_document_have_negation_marked() -> None:
    text = "Not a good film. A good film"
    assert marked_tokens(text) == plain_tokens(text)
    assert document_ngrams("Not good") == ["", "not", "not_good", "not not_good"]


def test_each_row_is_held_out_as_in_the_training() -> None:
    import numpy as np

    texts = [f"review {number}" for number in range(2000)]
    held = hold_out(np.arange(2000) % 2, text_hashes(texts), 0.1, 0)
    assert held.tolist() == [is_held_out(text, 0) for text in texts]


def test_a_directory_without_counts_is_refused(
    command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = command("train", "--dataset=sample", "--counts", tmp_path, "--output-dir", tmp_path / "m")
    assert f"{tmp_path} has no *.parquet with counts of n-grams" in done.stderr
    assert issubclass(DataError, Exception)
