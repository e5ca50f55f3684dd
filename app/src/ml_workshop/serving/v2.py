"""The Open Inference Protocol (KServe's V2): https://github.com/kserve/open-inference-protocol.

One model without versions: its revision is a parameter of the response. Errors have status 400 and
{"error": ...}, as the protocol demands, where the other routes have 422.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, request

import ml_workshop
from ml_workshop.model.predictor import Prediction
from ml_workshop.serving.bodies import (
    JSON_TYPE,
    BadRequestError,
    Limits,
    checked_list,
    json_response,
    read_json,
)
from ml_workshop.serving.middleware import TEXTS

INPUT = "text"
_OUTPUTS = {"prediction": "INT64", "label": "BYTES", "probability": "FP64"}  # attributes of a prediction


def add_v2_routes(
    app: Flask, name: str, revision: str, limits: Limits, classify: Callable[[str], Prediction]
) -> None:
    """Add the protocol's routes for a model of this name and revision; `classify` predicts and counts."""
    parameters = {"model_revision": revision}
    outputs = [{"name": key, "datatype": kind, "shape": [-1]} for key, kind in _OUTPUTS.items()]
    constants: dict[str, dict[str, object]] = {
        "/v2": {"name": "ml-workshop", "version": ml_workshop.__version__, "extensions": []},
        "/v2/health/live": {"live": True},
        "/v2/health/ready": {"ready": True},
        "/v2/models/<model_name>/ready": {"name": name, "ready": True},
        "/v2/models/<model_name>": {
            "name": name,
            "platform": "ml-workshop_safetensors",
            "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
            "outputs": outputs,
            "parameters": parameters,
        },
    }

    def check_name(model_name: str = name) -> None:
        if model_name != name:
            raise BadRequestError(404, f"There is no such model; this server has {name}.")

    def constant(content: dict[str, object], **names: str) -> Response:
        check_name(**names)
        return json_response(content)

    for path, content in constants.items():
        app.add_url_rule(path, path, partial(constant, content))

    @app.post("/v2/models/<model_name>/infer")
    def infer(model_name: str) -> Response:
        check_name(model_name)
        is_binary = "HTTP_INFERENCE_HEADER_CONTENT_LENGTH" in request.environ
        _require(not is_binary, "Send tensors as JSON (binary_data=False): there is no binary extension.")
        content = read_json(request.environ, status=400, default_type=JSON_TYPE)  # Triton's client sends none
        head = {"model_name": name, "parameters": parameters}
        if "id" in content:
            _require(isinstance(content["id"], str), '"id" must be a string.')
            head["id"] = content["id"]
        names = _requested_outputs(content)
        texts = _texts(content, limits)
        request.environ[TEXTS] = len(texts)
        predictions = [classify(text) for text in texts]
        return json_response({**head, "outputs": [_tensor(output, predictions) for output in names]})


def _tensor(output: str, predictions: list[Prediction]) -> dict[str, object]:
    data = [getattr(prediction, output) for prediction in predictions]
    return {"name": output, "datatype": _OUTPUTS[output], "shape": [len(data)], "data": data}


def _requested_outputs(content: dict[str, Any]) -> list[str]:
    outputs = content.get("outputs", [])
    is_list = isinstance(outputs, list) and all(isinstance(output, dict) for output in outputs)
    _require(is_list, '"outputs" must be a list of objects.')
    names = [output.get("name") for output in outputs]
    known = all(isinstance(name, str) and name in _OUTPUTS for name in names)
    _require(known, f'"outputs" may name {", ".join(_OUTPUTS)}.')
    return list(dict.fromkeys(names)) or list(_OUTPUTS)


def _texts(content: dict[str, Any], limits: Limits) -> list[str]:
    inputs = content.get("inputs")
    is_tensor = isinstance(inputs, list) and len(inputs) == 1 and isinstance(inputs[0], dict)
    _require(is_tensor, f'"inputs" must be a list of one tensor, {INPUT}.')
    tensor: dict[str, Any] = content["inputs"][0]
    data, shape, start = tensor.get("data"), tensor.get("shape"), f"The input tensor {INPUT} must have"
    _require(tensor.get("name") == INPUT, f"The input tensor must have the name {INPUT}.")
    _require(tensor.get("datatype") == "BYTES", f"{start} the datatype BYTES.")
    if not isinstance(data, list):
        raise BadRequestError(400, f'{start} "data", a list of strings.')
    _require(1 <= len(data) <= limits.texts, f"{start} 1 to {limits.texts} elements.")
    flat, column = [len(data)], [len(data), 1]
    is_valid = shape in (flat, column) and not any(isinstance(size, bool) for size in shape)  # True == 1
    _require(is_valid, f"{start} the shape {flat} or {column}.")
    if shape == column and all(isinstance(row, list) and len(row) == 1 for row in data):
        data = [row[0] for row in data]
    return checked_list(data, '"data"', limits, 400)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise BadRequestError(400, message)
