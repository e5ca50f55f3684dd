"""The OpenAPI document of the service."""

from typing import Any

import ml_workshop
from ml_workshop.serving.limits import Limits

_ERROR_RESPONSES = {
    "400": "The body is not valid JSON.",
    "413": "The body is too large.",
    "415": "The content type is not application/json.",
    "422": "The body has the wrong shape: no text, not a string, empty, too long, or too many texts.",
}


def document(limits: Limits, label_names: list[str]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document.

    Args:
        limits: Of a request.
        label_names: Classes of the model.
    """
    text = {"type": "string", "minLength": 1, "maxLength": limits.text_characters, "pattern": r"\S"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ml-workshop",
            "version": ml_workshop.__version__,
            "description": "Classifies texts; as trained in the workshop: whether a film review is positive.",
        },
        "paths": {
            "/predict": {
                "post": {
                    "operationId": "predict",
                    "summary": "Classify one text or several",
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": _request_schema(text, limits)}},
                    },
                    "responses": {
                        "200": _json_response(
                            "One prediction for `text`, a list in the same order for `texts`.",
                            {
                                "oneOf": [
                                    {"$ref": "#/components/schemas/Prediction"},
                                    {"type": "array", "items": {"$ref": "#/components/schemas/Prediction"}},
                                ]
                            },
                        ),
                        **{
                            status: _json_response(description, {"$ref": "#/components/schemas/Error"})
                            for status, description in _ERROR_RESPONSES.items()
                        },
                    },
                }
            },
            "/health/live": _get("live", "Whether the process answers", _status_schema("live")),
            "/health/ready": _get(
                "ready", "Whether the model passed its golden reviews", _status_schema("ready")
            ),
            "/metrics": _get("metrics", "Metrics for Prometheus", {"type": "string"}, "text/plain"),
            "/openapi.json": _get("openapi", "This document", {"type": "object"}),
            "/": _get("page", "A page to try the model", {"type": "string"}, "text/html"),
        },
        "components": {
            "schemas": {
                "Prediction": {
                    "type": "object",
                    "required": ["prediction", "label", "probability", "model_revision"],
                    "properties": {
                        "prediction": {"type": "integer", "minimum": 0, "maximum": len(label_names) - 1},
                        "label": {"type": "string", "enum": label_names},
                        "probability": {
                            "type": "number",
                            "minimum": 0,
                            "maximum": 1,
                            "description": "Of the predicted class.",
                        },
                        "model_revision": {"type": "string"},
                    },
                },
                "Error": {
                    "type": "object",
                    "required": ["error"],
                    "properties": {"error": {"type": "string"}},
                },
            }
        },
    }


def _request_schema(text: dict[str, Any], limits: Limits) -> dict[str, Any]:
    texts = {"type": "array", "minItems": 1, "maxItems": limits.texts, "items": text}
    return {
        "oneOf": [
            {
                "type": "object",
                "required": ["text"],
                "properties": {"text": text},
                "not": {"required": ["texts"]},
            },
            {
                "type": "object",
                "required": ["texts"],
                "properties": {"texts": texts},
                "not": {"required": ["text"]},
            },
        ]
    }


def _status_schema(status: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"const": status}, "model_revision": {"type": "string"}},
    }


def _json_response(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _get(name: str, summary: str, schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    response = {"description": summary, "content": {kind: {"schema": schema}}}
    return {"get": {"operationId": name, "summary": summary, "responses": {"200": response}}}
