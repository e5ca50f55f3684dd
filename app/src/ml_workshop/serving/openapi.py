"""The OpenAPI document of the service: the schemas of openapi.json, and tables of the routes.

openapi.json is short: a schema with properties is an object that requires all of them, unless it says
otherwise, and "$ref" is the name of another schema. tests/unit/app/test_openapi.py checks a running server
against the document.
"""

import json
import re
from pathlib import Path
from typing import Any

import ml_workshop
from ml_workshop.serving.parsing import Limits

_TEMPLATE = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")

_ERRORS = {
    400: "The body is not valid JSON in UTF-8, or broke off.",
    404: "There is no model of this name.",
    408: "The body was not sent in time.",
    413: "The body is too large.",
    415: "The headers do not say that the body is JSON in UTF-8, as it is.",
    422: "The body has the wrong shape: no text, not a string, empty, too long, or too many texts.",
}
_BODY = (400, 408, 413, 415)
_TENSORS = (
    "The body is not valid JSON in UTF-8, broke off, or its tensors are not as the model's metadata say."
)
_MODEL = "/v2/models/{model_name}"
_TEXT = ("text/plain", "application/openmetrics-text")

# Path, operation, tag, summary, schema of the response.
_GET = (
    ("/health/live", "live", "operation", "Whether the process answers", "Live"),
    ("/health/ready", "ready", "operation", "Whether the model passed its golden reviews", "Ready"),
    ("/metrics", "metrics", "operation", "Metrics for Prometheus", "Metrics"),
    ("/openapi.json", "openapi", "operation", "This document", "Document"),
    ("/", "page", "operation", "A page to try the model", "Page"),
    ("/v2", "v2_server_metadata", "v2", "What this server is", "V2Server"),
    ("/v2/health/live", "v2_live", "v2", "Whether the process answers", "V2Live"),
    ("/v2/health/ready", "v2_ready", "v2", "Whether all models are ready", "V2Ready"),
    (_MODEL, "v2_model_metadata", "v2", "Tensors of a model", "V2Model"),
    (f"{_MODEL}/ready", "v2_model_ready", "v2", "Whether a model is ready", "V2ModelReady"),
)
# The same, and the schema of the body and further errors.
_POST = (
    ("/predict", "predict", "predictions", "Classify texts", "Predictions", "PredictionRequest", 422),
    ("/explain", "explain", "predictions", "Explain a prediction", "Explanation", "ExplanationRequest", 422),
    (f"{_MODEL}/infer", "v2_infer", "v2", "Classify a batch of texts", "V2Response", "V2Request", 404),
)


def document(limits: Limits, labels: list[str], model_name: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document.

    Args:
        limits: Of a request.
        labels: Classes of the model.
        model_name: Name of the model in the V2 protocol.
    """
    values = {
        **vars(limits),
        "version": ml_workshop.__version__,
        "labels": labels,
        "highest_class": len(labels) - 1,
        "model_name": model_name,
    }
    filled = re.sub(r'"\$\{(\w+)\}"', lambda match: json.dumps(values[match[1]]), _TEMPLATE)
    filled = re.sub(r"\$\{(\w+)\}", lambda match: str(values[match[1]]), filled)
    paths: dict[str, Any] = {}
    for path, name, tag, summary, schema in _GET:
        errors = (404,) if path.startswith(_MODEL) else ()
        paths[path] = {"get": _operation(path, name, tag, summary, schema, errors)}
    for path, name, tag, summary, schema, body, error in _POST:
        operation = _operation(path, name, tag, summary, schema, (*_BODY, error))
        content = {"application/json": {"schema": _ref("schemas", body)}}
        paths[path] = {"post": {**operation, "requestBody": {"required": True, "content": content}}}
    paths[f"{_MODEL}/infer"]["post"]["responses"]["400"]["description"] = _TENSORS
    return {**json.loads(filled, object_hook=_schema), "paths": paths}


def _schema(content: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in content:
        return _ref("schemas", content["$ref"])
    if "properties" in content:
        return {"type": "object", "required": list(content["properties"]), **content}
    return content


def _operation(
    path: str, name: str, tag: str, summary: str, schema: str, errors: tuple[int, ...]
) -> dict[str, Any]:
    kinds = {"/": ("text/html",), "/metrics": _TEXT}.get(path, ("application/json",))
    parameters = ["RequestId", *["ModelName"] * ("{" in path), *["Names"] * (path == "/metrics")]
    responses = {"200": _response(summary, schema, kinds)}
    responses |= {str(status): _response(_ERRORS[status], "Error") for status in sorted(errors)}
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "parameters": [_ref("parameters", parameter) for parameter in parameters],
        "responses": responses,
    }


def _response(
    description: str, schema: str, kinds: tuple[str, ...] = ("application/json",)
) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {"X-Request-ID": _ref("headers", "RequestId")},
        "content": {kind: {"schema": _ref("schemas", schema)} for kind in kinds},
    }


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
