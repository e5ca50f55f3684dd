"""The Flask application."""

import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ml_workshop.model.explanation import explain
from ml_workshop.model.predictor import Prediction
from ml_workshop.serving import metrics
from ml_workshop.serving.answers import json_bytes, json_response
from ml_workshop.serving.known_methods import KnownMethods
from ml_workshop.serving.limits import Limits
from ml_workshop.serving.model import ServedModel
from ml_workshop.serving.openapi import document
from ml_workshop.serving.page import HEADERS, PAGE
from ml_workshop.serving.parsing import BadRequestError, only_text, read_json, texts_to_classify
from ml_workshop.serving.plain_flask import PlainFlask, PlainResponse
from ml_workshop.serving.request_log import REQUEST_ID, TEXTS, RequestLog
from ml_workshop.serving.v2 import v2_routes

MODEL_NAME = "sentiment"
"""What the model is called in the V2 protocol, unless it is told otherwise."""

log = logging.getLogger("ml_workshop")


def create_app(
    model: ServedModel, limits: Limits, model_name: str = MODEL_NAME, log_descriptor: int | None = None
) -> Flask:
    """Make the application of one worker.

    Args:
        model: What to predict with; a worker exists only with a model that passed its golden reviews.
        limits: Of a request.
        model_name: What the model is called in the V2 protocol.
        log_descriptor: File descriptor for one line per request; None for no lines.
    """
    app = PlainFlask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # or //predict is a redirect
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.wsgi_app = RequestLog(KnownMethods(app.wsgi_app), model.revision, log_descriptor)  # type: ignore[method-assign]
    model_metrics = metrics.install(app, model)
    openapi = json_bytes(document(limits, model.predictor.config.label_names, model_name))

    def classify(text: str) -> Prediction:
        said = model.predictor.predict(text)
        model_metrics.count(said)
        return said

    @app.post("/predict")
    def predict() -> Response:
        texts, as_list = texts_to_classify(read_json(request.environ, limits), limits)
        request.environ[TEXTS] = len(texts)
        answers = [_as_json(classify(text), model.revision) for text in texts]
        return json_response(answers if as_list else answers[0])

    @app.post("/explain")
    def explain_prediction() -> Response:
        text = only_text(read_json(request.environ, limits), limits)
        request.environ[TEXTS] = 1
        explanation = explain(model.predictor, text)
        model_metrics.count(explanation.prediction)
        said = _as_json(explanation.prediction, model.revision)
        return json_response({**said, "tokens": [vars(token) for token in explanation.tokens]})

    @app.get("/health/live")
    def live() -> Response:
        return json_response({"status": "live"})

    @app.get("/health/ready")
    def ready() -> Response:
        return json_response({"status": "ready", "model_revision": model.revision})

    @app.get("/openapi.json")
    def openapi_document() -> Response:
        return PlainResponse(openapi, content_type="application/json")

    @app.get("/")
    def try_it() -> Response:
        return PlainResponse(PAGE, content_type="text/html; charset=utf-8", headers=HEADERS)

    app.register_blueprint(v2_routes(model_name, model.revision, limits, classify))

    @app.errorhandler(BadRequestError)
    def bad_request(error: BadRequestError) -> Response:
        return json_response({"error": error.message}, error.status)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        response = json_response({"error": f"{error.code} {error.name}."}, error.code or 500)
        for name, value in error.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def failure(error: Exception) -> Response:
        fields = {"request_id": request.environ[REQUEST_ID]}
        log.error("A request failed.", exc_info=error, extra={"fields": fields})
        return json_response({"error": "500 Internal Server Error."}, 500)

    return app


def _as_json(said: Prediction, revision: str) -> dict[str, object]:
    return {
        "prediction": said.prediction,
        "label": said.label,
        "probability": said.probability,
        "model_revision": revision,
    }
