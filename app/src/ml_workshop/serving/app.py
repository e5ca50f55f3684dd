"""The Flask application."""

import logging
from functools import partial

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ml_workshop.model.explanation import explain
from ml_workshop.model.loading import ServedModel
from ml_workshop.model.predictor import Prediction
from ml_workshop.serving.logs import LineWriter
from ml_workshop.serving.metrics import PATH as METRICS_PATH
from ml_workshop.serving.metrics import Metrics
from ml_workshop.serving.middleware import REQUEST_ID, TEXTS, RequestMiddleware
from ml_workshop.serving.openapi import document
from ml_workshop.serving.page import HEADERS, PAGE
from ml_workshop.serving.parsing import BadRequestError, Limits, read_json, text_to_explain, texts_to_classify
from ml_workshop.serving.plain_flask import PlainFlask, PlainResponse, json_response
from ml_workshop.serving.v2 import add_v2_routes

MODEL_NAME = "sentiment"
"""Name of the model in the V2 protocol, unless another is given."""

log = logging.getLogger("ml_workshop")


def create_app(
    model: ServedModel, limits: Limits, model_name: str = MODEL_NAME, log_descriptor: int | None = None
) -> Flask:
    """Make the application of one worker.

    Args:
        model: What to predict with; a worker exists only with a model that passed its golden reviews.
        limits: Of a request.
        model_name: Name of the model in the V2 protocol.
        log_descriptor: File descriptor for one line per request; None for no lines.
    """
    app = PlainFlask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # or //predict is a redirect
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    metrics = Metrics(model)
    log_writer = None if log_descriptor is None else LineWriter(log_descriptor, metrics.log_lines_dropped.inc)
    app.wsgi_app = RequestMiddleware(app.wsgi_app, metrics, model.revision, log_writer)  # type: ignore[method-assign]

    def classify(text: str) -> Prediction:
        prediction = model.predictor.predict(text)
        metrics.count_prediction(prediction)
        return prediction

    @app.post("/predict")
    def predict() -> Response:
        texts, as_list = texts_to_classify(read_json(request.environ), limits)
        request.environ[TEXTS] = len(texts)
        answers = [_as_json(classify(text), model.revision) for text in texts]
        return json_response(answers if as_list else answers[0])

    @app.post("/explain")
    def explain_prediction() -> Response:
        text = text_to_explain(read_json(request.environ), limits)
        request.environ[TEXTS] = 1
        explanation = explain(model.predictor, text)
        metrics.count_prediction(explanation.prediction)
        answer = _as_json(explanation.prediction, model.revision)
        return json_response({**answer, "tokens": [vars(token) for token in explanation.tokens]})

    constants = {
        "/health/live": {"status": "live"},
        "/health/ready": {"status": "ready", "model_revision": model.revision},
        "/openapi.json": document(limits, model.predictor.config.label_names, model_name),
    }
    for path, content in constants.items():
        app.add_url_rule(path, path.replace(".", "-"), partial(json_response, content))

    @app.get(METRICS_PATH)
    def metrics_of_all_workers() -> Response:
        content, content_type = metrics.exposition(
            request.headers.get("Accept", ""), request.args.getlist("name[]")
        )
        return PlainResponse(content, content_type=content_type)

    @app.get("/")
    def try_it() -> Response:
        return PlainResponse(PAGE, content_type="text/html; charset=utf-8", headers=HEADERS)

    add_v2_routes(app, model_name, model.revision, limits, classify)

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


def _as_json(prediction: Prediction, revision: str) -> dict[str, object]:
    return {
        "prediction": prediction.prediction,
        "label": prediction.label,
        "probability": prediction.probability,
        "model_revision": revision,
    }
