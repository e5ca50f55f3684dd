"""Damaged models are refused with one sentence."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ml_workshop.errors import ModelError
from ml_workshop.model.artifact import WEIGHTS, read_artifact
from ml_workshop.model.predictor import Predictor
from ml_workshop.model.tensors import map_tensors

NESTED = "[" * 100_000


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def error_of(model: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_artifact(model)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".")
    return message


def test_a_trained_model_is_read(model: Path) -> None:
    assert read_artifact(model).config.label_names == ["negative", "positive"]


def test_models_of_format_1_are_served_without_negation_marking(model: Path) -> None:
    text = "Not a delightful film."
    marked = Predictor.load(model).vocabulary.token_ids(text)
    change(model / "config.json", format=1)
    assert Predictor.load(model).vocabulary.token_ids(text).tolist() != marked.tolist()
    change(model / "config.json", format=3)
    with pytest.raises(ModelError, match="model format 3; this ml-workshop reads formats 1 to 2"):
        read_artifact(model)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("created", "yesterday"),
        ("created", "2026-01-01T00:00:00"),
        ("created", 1),
        ("label_names", [None, "positive"]),
        ("label_names", ["positive"]),
        ("label_names", ["same", "same"]),
        ("label_names", [["negative"], ["positive"]]),
        ("label_names", "ab"),
        ("input_size", "4000"),
        ("input_size", True),
        ("input_size", 0),
        ("hidden_size", 32.0),
        ("hidden_size", 1e400),
        ("max_order", 9),
        ("dataset", None),
        ("dataset", "a\nb"),
        ("fingerprint", {}),
        ("trained_by", 1.0),
        ("recipe", {"seed": "0"}),
        ("recipe", {"learning_rate": math.nan}),
        ("golden", []),
        ("golden", None),
        ("golden", [{"text": "", "prediction": 0, "probability": 0.9}]),
        ("golden", [{"text": "a", "prediction": 2, "probability": 0.9}]),
        ("golden", [{"text": "a", "prediction": 0, "probability": math.nan}]),
        ("golden", [{"text": "a", "prediction": 0}]),
    ],
)
def test_invalid_values_of_the_configuration(model: Path, name: str, value: object) -> None:
    change(model / "config.json", **{name: value})
    assert "config.json is not the configuration of a model" in error_of(model)


@pytest.mark.parametrize("content", [NESTED, "[]", "null", "3", '{"format": 1}', "\udc80"])
def test_invalid_configurations(model: Path, content: str) -> None:
    (model / "config.json").write_text(content, errors="surrogateescape")
    assert "config.json is not the configuration of a model" in error_of(model)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("tensor", ["weights", "embedding", "bias", "output_weight", "output_bias"])
def test_weights_are_finite(model: Path, tensor: str, value: float) -> None:
    raw = np.memmap(model / WEIGHTS, np.uint8, "r+")
    size = int(raw[:8].view("<u8")[0])
    begin, _ = json.loads(raw[8 : 8 + size].tobytes())[tensor]["data_offsets"]
    raw[8 + size + begin :][:4] = np.frombuffer(np.float32(value).tobytes(), np.uint8)
    raw.flush()
    assert not np.isfinite(map_tensors(model / WEIGHTS)[tensor]).all()
    assert f"tensor {tensor} has values that are not finite" in error_of(model)


def test_a_nested_header_of_the_weights(model: Path) -> None:
    header = NESTED.encode()
    (model / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header)
    assert "is not a whole safetensors file" in error_of(model)


@pytest.mark.parametrize("baseline", [{"confidence": math.nan}, {"class_share": {"positive": "half"}}])
def test_an_invalid_baseline(model: Path, baseline: dict[str, object]) -> None:
    from ml_workshop.model.loading import load_model

    metrics = json.loads((model / "metrics.json").read_text())
    change(model / "metrics.json", baseline={**metrics["baseline"], **baseline})
    with pytest.raises(ModelError, match="damaged baseline"):
        load_model(model)
