"""The Open Inference Protocol (KServe's V2): https://github.com/kserve/open-inference-protocol.

One model without versions: the revision that answered is a parameter of the response. Errors are 400 with
{"error": ...}, as the protocol has it, where our own routes say 422.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, request

import ml_workshop
from ml_workshop.model.predictor import Prediction
from ml_workshop.serving.middleware import TEXTS
from ml_workshop.serving.parsing import BadRequestError, Limits, checked, read_json
from ml_workshop.serving.plain_flask import json_response

INPUT = "text"
_OUTPUTS: dict[str, tuple[str, Callable[[Prediction], object]]] = {
    "prediction": ("INT64", lambda prediction: prediction.prediction),
    "label": ("BYTES", lambda prediction: prediction.label),
    "probability": ("FP64", lambda prediction: prediction.probability),
}
"""Data type of each output tensor, and its element for one text."""


def add_v2_routes(
    app: Flask, name: str, revision: str, limits: Limits, classify: Callable[[str], Prediction]
) -> None:
    """Add the protocol's routes.

    Args:
        app: Where to add them.
        name: Of the model.
        revision: Of the model.
        limits: Of a request.
        classify: Predicts and counts one text.
    """
    parameters = {"model_revision": revision}
    outputs = [{"name": key, "datatype": kind, "shape": [-1]} for key, (kind, _) in _OUTPUTS.items()]
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
        content = read_json(request.environ, wrong_shape=400)
        head = {"model_name": name, **_identifier(content), "parameters": parameters}
        names = _wanted_outputs(content)
        texts = _texts(content, limits)
        request.environ[TEXTS] = len(texts)
        predictions = [classify(text) for text in texts]
        return json_response({**head, "outputs": [_tensor(output, predictions) for output in names]})


def _tensor(output: str, predictions: list[Prediction]) -> dict[str, object]:
    datatype, element = _OUTPUTS[output]
    data = [element(prediction) for prediction in predictions]
    return {"name": output, "datatype": datatype, "shape": [len(data)], "data": data}


def _identifier(content: dict[str, Any]) -> dict[str, str]:
    if "id" not in content:
        return {}
    if not isinstance(content["id"], str):
        raise BadRequestError(400, '"id" must be a string.')
    return {"id": content["id"]}


def _wanted_outputs(content: dict[str, Any]) -> tuple[str, ...]:
    wanted = content.get("outputs", [])
    if not isinstance(wanted, list) or not all(isinstance(output, dict) for output in wanted):
        raise BadRequestError(400, '"outputs" must be a list of objects.')
    names = [output.get("name") for output in wanted]
    for name in names:
        if not isinstance(name, str) or name not in _OUTPUTS:
            raise BadRequestError(400, f'"outputs" may name {", ".join(_OUTPUTS)}.')
    return tuple(dict.fromkeys(names)) or tuple(_OUTPUTS)


def _texts(content: dict[str, Any], limits: Limits) -> list[str]:
    inputs = content.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise BadRequestError(400, f'"inputs" must be a list of one tensor, {INPUT}.')
    tensor = inputs[0]
    if tensor.get("name") != INPUT:
        raise BadRequestError(400, f"The input tensor must have the name {INPUT}.")
    if tensor.get("datatype") != "BYTES":
        raise BadRequestError(400, f"The input tensor {INPUT} must have the datatype BYTES.")
    data = tensor.get("data")
    if not isinstance(data, list):
        raise BadRequestError(400, f'The input tensor {INPUT} must have "data", a list of strings.')
    if not 1 <= len(data) <= limits.texts:
        raise BadRequestError(400, f"The input tensor {INPUT} must have 1 to {limits.texts} elements.")
    shape = tensor.get("shape")
    flat, column = [len(data)], [len(data), 1]
    if shape not in (flat, column) or any(isinstance(size, bool) for size in shape):  # to Python, True == 1
        raise BadRequestError(400, f"The input tensor {INPUT} must have the shape {flat} or {column}.")
    if shape == column and all(isinstance(row, list) and len(row) == 1 for row in data):
        data = [row[0] for row in data]
    return [
        checked(text, f'"data"[{position}]', limits.text_characters, 400)
        for position, text in enumerate(data)
    ]
