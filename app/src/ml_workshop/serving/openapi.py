"""The OpenAPI document of the service.

It is held true by tests/unit/app/test_openapi.py, which asks a running server what the document promises.
"""

from typing import Any

import ml_workshop
from ml_workshop.serving.limits import Limits
from ml_workshop.serving.middleware import HEADER
from ml_workshop.serving.v2 import INPUT, METADATA_OUTPUTS

Json = dict[str, Any]

NOT_ONLY_SPACE = r"[^\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
r"""What Python's str.isspace takes for space, spelled out: \S is something else in each language."""

_REFUSALS = {
    "400": "The body is not valid JSON in UTF-8, or broke off.",
    "408": "The request was not sent in time.",
    "413": "The body is too large.",
    "415": "The headers do not say that the body is JSON in UTF-8, as it is.",
}


def document(limits: Limits, label_names: list[str], model_name: str) -> Json:
    """Return the OpenAPI 3.1 document.

    Args:
        limits: Of a request.
        label_names: Classes of the model.
        model_name: What the model is called in the V2 protocol.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ml-workshop",
            "version": ml_workshop.__version__,
            "description": _description(limits),
        },
        "tags": [
            {"name": "predictions", "description": "Our own contract."},
            {
                "name": "v2",
                "description": "The Open Inference Protocol (KServe's V2); one model, no versions.",
            },
            {"name": "operation", "description": "Health, metrics, documentation."},
        ],
        "paths": {**_own_paths(), **_v2_paths(model_name)},
        "components": {
            "schemas": {**_own_schemas(limits, label_names), **_v2_schemas(limits, label_names, model_name)},
            "parameters": {
                "RequestId": _request_id_parameter(),
                "ModelName": _model_name_parameter(model_name),
            },
            "headers": {"RequestId": _request_id_header()},
        },
    }


def _description(limits: Limits) -> str:
    return (
        "Classifies texts; as trained in the workshop: whether a film review is positive. "
        f"A body has at most {limits.body_bytes} bytes and must arrive within {limits.seconds} seconds; "
        f"a request has at most {limits.texts} texts of at most {limits.text_characters} characters. "
        "Every error, also one that this document does not list (404 for another path, 405 for another "
        'method, 414, 417 or 431 for a head that is not allowed), has a body {"error": "..."}.'
    )


def _own_paths() -> Json:
    predictions = {"oneOf": [_ref("Prediction"), {"type": "array", "items": _ref("Prediction")}]}
    shape = "The body has the wrong shape: no text, not a string, empty, too long, or too many texts."
    return {
        "/predict": _post(
            "predict",
            "predictions",
            "Classify one text or several",
            "PredictionRequest",
            {"200": _json("One prediction for `text`, a list in the same order for `texts`.", predictions)},
            {"422": shape},
        ),
        "/explain": _post(
            "explain",
            "predictions",
            "Classify one text and say what each of its tokens contributed",
            "ExplanationRequest",
            {"200": _json("A prediction with its tokens, in order of appearance.", _ref("Explanation"))},
            {"422": shape},
        ),
        "/health/live": _get("live", "operation", "Whether the process answers", _ref("Live")),
        "/health/ready": _get(
            "ready", "operation", "Whether the model passed its golden reviews", _ref("Ready")
        ),
        "/metrics": {
            "get": {
                **_operation("metrics", "operation", "Metrics for Prometheus"),
                "parameters": [
                    _parameter("RequestId"),
                    {
                        "name": "name[]",
                        "in": "query",
                        "description": "Only samples of these names; may be repeated.",
                        "schema": {"type": "array", "items": {"type": "string"}},
                    },
                ],
                "responses": {
                    "200": {
                        "description": "Samples in the format that the Accept header prefers.",
                        "headers": _headers(),
                        "content": {
                            "text/plain": {"schema": {"type": "string"}},
                            "application/openmetrics-text": {"schema": {"type": "string"}},
                        },
                    }
                },
            }
        },
        "/openapi.json": _get("openapi", "operation", "This document", {"type": "object"}),
        "/": _get("page", "operation", "A page to try the model", {"type": "string"}, "text/html"),
    }


def _v2_paths(model_name: str) -> Json:
    model = "/v2/models/{model_name}"
    unknown = {"404": "There is no model of this name."}
    tensors = (
        "The body is not valid JSON in UTF-8, broke off, or its tensors are not as the model's metadata say."
    )
    return {
        "/v2": _get("v2_server_metadata", "v2", "What this server is", _ref("V2Server")),
        "/v2/health/live": _get("v2_live", "v2", "Whether the process answers", _ref("V2Live")),
        "/v2/health/ready": _get("v2_ready", "v2", "Whether all models are ready", _ref("V2Ready")),
        model: _get("v2_model_metadata", "v2", "Tensors of a model", _ref("V2Model"), errors=unknown),
        f"{model}/ready": _get(
            "v2_model_ready", "v2", "Whether a model is ready", _ref("V2ModelReady"), errors=unknown
        ),
        f"{model}/infer": _post(
            "v2_infer",
            "v2",
            "Classify a batch of texts",
            "V2Request",
            {"200": _json(f"The output tensors of {model_name}.", _ref("V2Response"))},
            {**unknown, "400": tensors},
            parameters=[_parameter("ModelName")],
        ),
    }


def _own_schemas(limits: Limits, label_names: list[str]) -> Json:
    text = {"type": "string", "minLength": 1, "maxLength": limits.text_characters, "pattern": NOT_ONLY_SPACE}
    texts = {"type": "array", "minItems": 1, "maxItems": limits.texts, "items": text}
    prediction = {
        "prediction": {"type": "integer", "minimum": 0, "maximum": len(label_names) - 1},
        "label": {"type": "string", "enum": label_names},
        "probability": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "Of the predicted class.",
        },
        "model_revision": {"type": "string"},
    }
    token = {
        "text": {"type": "string", "minLength": 1, "description": "As it was sent."},
        "start": {"type": "integer", "minimum": 0, "description": "In Unicode code points of the text sent."},
        "end": {"type": "integer", "minimum": 1, "description": "Behind the last character."},
        "contribution": {
            "type": "number",
            "description": "Toward the predicted class, in log-odds against the runner-up; "
            "negative speaks against it.",
        },
    }
    return {
        "PredictionRequest": {
            "oneOf": [
                {**_object({"text": text}), "not": {"required": ["texts"]}},
                {**_object({"texts": texts}), "not": {"required": ["text"]}},
            ],
            "examples": [{"text": "What a film."}, {"texts": ["What a film.", "What a mess."]}],
        },
        "ExplanationRequest": {**_object({"text": text}), "examples": [{"text": "What a film."}]},
        "Prediction": _object(prediction),
        "Explanation": _object({**prediction, "tokens": {"type": "array", "items": _object(token)}}),
        "Live": _object({"status": {"const": "live"}}),
        "Ready": _object({"status": {"const": "ready"}, "model_revision": {"type": "string"}}),
        "Error": _object({"error": {"type": "string", "minLength": 1}}),
    }


def _v2_schemas(limits: Limits, label_names: list[str], model_name: str) -> Json:
    text = {"type": "string", "minLength": 1, "maxLength": limits.text_characters, "pattern": NOT_ONLY_SPACE}
    size = {"type": "integer", "minimum": 1, "maximum": limits.texts}
    columns = {"type": "array", "minItems": 1, "maxItems": 1, "items": text}
    outputs = [output["name"] for output in METADATA_OUTPUTS]
    elements: dict[str, Json] = {
        "prediction": {"type": "integer", "minimum": 0, "maximum": len(label_names) - 1},
        "label": {"type": "string", "enum": label_names},
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
    }
    revision = _object({"model_revision": {"type": "string"}})
    input_tensor = _object(
        {
            "name": {"const": INPUT},
            "datatype": {"const": "BYTES"},
            "shape": {
                "description": "[n] or [n, 1], where n is the number of texts.",
                "type": "array",
                "minItems": 1,
                "maxItems": 2,
                "prefixItems": [size, {"const": 1}],
            },
            "data": {
                "description": "n texts; for the shape [n, 1], each may be in a list of its own.",
                "type": "array",
                "minItems": 1,
                "maxItems": limits.texts,
                "items": {"oneOf": [text, columns]},
            },
        }
    )
    return {
        "V2Server": _object(
            {
                "name": {"type": "string"},
                "version": {"type": "string"},
                "extensions": {"type": "array", "items": {"type": "string"}},
            }
        ),
        "V2Live": _object({"live": {"const": True}}),
        "V2Ready": _object({"ready": {"const": True}}),
        "V2ModelReady": _object({"name": {"const": model_name}, "ready": {"const": True}}),
        "V2Model": _object(
            {
                "name": {"const": model_name},
                "platform": {"type": "string"},
                "inputs": {"type": "array", "items": _ref("V2Metadata")},
                "outputs": {"type": "array", "items": _ref("V2Metadata")},
                "parameters": revision,
            }
        ),
        "V2Metadata": _object(
            {
                "name": {"type": "string"},
                "datatype": {"enum": ["BYTES", "INT64", "FP64"]},
                "shape": {"type": "array", "items": {"type": "integer"}},
            }
        ),
        "V2Request": {
            "type": "object",
            "required": ["inputs"],
            "properties": {
                "id": {"type": "string", "description": "Returned in the response."},
                "inputs": {"type": "array", "minItems": 1, "maxItems": 1, "items": input_tensor},
                "outputs": {
                    "description": "Which to return; all when there are none.",
                    "type": "array",
                    "items": _object({"name": {"enum": outputs}}),
                },
            },
            "examples": [
                {
                    "id": "42",
                    "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [1], "data": ["What a film."]}],
                }
            ],
        },
        "V2Response": {
            **_object(
                {
                    "model_name": {"const": model_name},
                    "parameters": revision,
                    "outputs": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "oneOf": [
                                _object(
                                    {
                                        "name": {"const": output["name"]},
                                        "datatype": {"const": output["datatype"]},
                                        "shape": {
                                            "type": "array",
                                            "minItems": 1,
                                            "maxItems": 1,
                                            "items": size,
                                        },
                                        "data": {"type": "array", "items": elements[output["name"]]},
                                    }
                                )
                                for output in METADATA_OUTPUTS
                            ]
                        },
                    },
                }
            ),
        },
    }


def _request_id_parameter() -> Json:
    return {
        "name": HEADER,
        "in": "header",
        "description": "A name for this request, up to 128 of A-Z a-z 0-9 . _ : @ / + = -; with anything "
        "else in it, the request gets another name.",
        "schema": {"type": "string"},
    }


def _request_id_header() -> Json:
    return {
        "description": "The name of the request, as sent or made; log lines have it, too.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:@/+=-]{1,128}$"},
    }


def _model_name_parameter(model_name: str) -> Json:
    return {"name": "model_name", "in": "path", "required": True, "schema": {"enum": [model_name]}}


def _ref(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}


def _parameter(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _headers() -> Json:
    return {HEADER: {"$ref": "#/components/headers/RequestId"}}


def _object(properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _json(description: str, schema: Json, kind: str = "application/json") -> Json:
    return {"description": description, "headers": _headers(), "content": {kind: {"schema": schema}}}


def _errors(descriptions: dict[str, str]) -> Json:
    return {status: _json(text, _ref("Error")) for status, text in sorted(descriptions.items())}


def _operation(name: str, tag: str, summary: str) -> Json:
    return {"operationId": name, "tags": [tag], "summary": summary}


def _get(
    name: str,
    tag: str,
    summary: str,
    schema: Json,
    kind: str = "application/json",
    errors: dict[str, str] | None = None,
) -> Json:
    parameters = [_parameter("RequestId")] + ([_parameter("ModelName")] if errors else [])
    responses = {"200": _json(summary, schema, kind), **_errors(errors or {})}
    return {"get": {**_operation(name, tag, summary), "parameters": parameters, "responses": responses}}


def _post(
    name: str,
    tag: str,
    summary: str,
    request: str,
    responses: Json,
    errors: dict[str, str],
    parameters: list[Json] | None = None,
) -> Json:
    return {
        "post": {
            **_operation(name, tag, summary),
            "parameters": [_parameter("RequestId"), *(parameters or [])],
            "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(request)}}},
            "responses": {**responses, **_errors({**_REFUSALS, **errors})},
        }
    }
