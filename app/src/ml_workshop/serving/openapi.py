"""The OpenAPI document of the service: the schemas of openapi.json, and a table of the routes.

In openapi.json, a schema with properties is an object that requires all of them unless it has "required", a
"$ref" is the name of a schema, and ${...} is a value of the running service.
"""

import json
import re
from pathlib import Path
from typing import Any

import ml_workshop
from ml_workshop.serving.bodies import Limits

_TEMPLATE = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")

_ERRORS = {
    400: "The body is not valid JSON in UTF-8, or incomplete.",
    404: "There is no model of this name.",
    408: "The body was not sent in time.",
    413: "The body is too large.",
    415: "The Content-Type is not application/json in UTF-8, or the body is compressed.",
    422: "The body has the wrong shape: no text, not a string, empty, too long, or too many texts.",
}
_MODEL = "/v2/models/{model_name}"
_TENSORS = (
    "The body is not valid JSON in UTF-8, incomplete, or its tensors do not match the model's metadata."
)
_TYPES = {"Page": ("text/html",), "Metrics": ("text/plain", "application/openmetrics-text")}

# Path, operation, tag, summary, schema of the response; for a POST, schema of the body.
_ROUTES = (
    ("/health/live", "live", "operation", "Whether the process answers", "Live"),
    ("/health/ready", "ready", "operation", "Whether the model passed its golden reviews", "Ready"),
    ("/metrics", "metrics", "operation", "Metrics for Prometheus", "Metrics"),
    ("/openapi.json", "openapi", "operation", "This document", "Document"),
    ("/", "page", "operation", "A page to try the model", "Page"),
    ("/v2", "v2_server_metadata", "v2", "Name and version of the server", "V2Server"),
    ("/v2/health/live", "v2_live", "v2", "Whether the process answers", "V2Live"),
    ("/v2/health/ready", "v2_ready", "v2", "Whether all models are ready", "V2Ready"),
    (_MODEL, "v2_model_metadata", "v2", "Tensors of a model", "V2Model"),
    (f"{_MODEL}/ready", "v2_model_ready", "v2", "Whether a model is ready", "V2ModelReady"),
    ("/predict", "predict", "predictions", "Classify texts", "Predictions", "PredictionRequest"),
    ("/explain", "explain", "predictions", "Explain a prediction", "Explanation", "ExplanationRequest"),
    (f"{_MODEL}/infer", "v2_infer", "v2", "Classify a batch of texts", "V2Response", "V2Request"),
)


def document(limits: Limits, labels: list[str], model_name: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document for the limits, the model's classes and its name in the V2 protocol."""
    highest, version = len(labels) - 1, ml_workshop.__version__
    values = {"version": version, "labels": labels, "highest_class": highest, "model_name": model_name}
    values |= vars(limits)
    filled = re.sub(r'"\$\{(\w+)\}"', lambda match: json.dumps(values[match[1]]), _TEMPLATE)
    filled = re.sub(r"\$\{(\w+)\}", lambda match: str(values[match[1]]), filled)
    paths = {route[0]: {"post" if len(route) == 6 else "get": _operation(*route)} for route in _ROUTES}
    paths[f"{_MODEL}/infer"]["post"]["responses"]["400"]["description"] = _TENSORS
    return {**json.loads(filled, object_hook=_schema), "paths": paths}


def _schema(content: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in content:
        return _ref("schemas", content["$ref"])
    if "properties" in content:
        return {"type": "object", "required": list(content["properties"]), **content}
    return content


def _operation(path: str, name: str, tag: str, summary: str, schema: str, body: str = "") -> dict[str, Any]:
    parameters = ["RequestId", *["ModelName"] * ("{" in path), *["Names"] * (path == "/metrics")]
    shape_error = 404 if path.startswith(_MODEL) else 422
    errors = [404] * ("{" in path) if not body else sorted((400, 408, 413, 415, shape_error))
    responses = {"200": {"description": summary, **_content(schema)}}
    responses |= {str(code): {"description": _ERRORS[code], **_content("Error")} for code in errors}
    for response in responses.values():
        response["headers"] = {"X-Request-ID": _ref("headers", "RequestId")}
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "parameters": [_ref("parameters", parameter) for parameter in parameters],
        **({"requestBody": {"required": True, **_content(body)}} if body else {}),
        "responses": responses,
    }


def _content(schema: str) -> dict[str, Any]:
    types = _TYPES.get(schema, ("application/json",))
    return {"content": {each: {"schema": _ref("schemas", schema)} for each in types}}


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
