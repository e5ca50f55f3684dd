"""The Flask application."""

import json
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ml_workshop.model.predictor import Prediction
from ml_workshop.serving import metrics
from ml_workshop.serving.known_methods import KnownMethods
from ml_workshop.serving.limits import Limits
from ml_workshop.serving.model import ServedModel
from ml_workshop.serving.openapi import document
from ml_workshop.serving.parsing import BadRequestError, read_json, texts_to_classify

_PAGE = Path(__file__).with_name("page.html")
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def create_app(model: ServedModel, limits: Limits) -> Flask:
    """Make the application of one worker.

    Args:
        model: What to predict with; a worker exists only with a model that passed its golden reviews.
        limits: Of a request.
    """
    app = Flask(__name__, static_folder=None)
    app.wsgi_app = KnownMethods(app.wsgi_app)  # type: ignore[method-assign]
    model_metrics = metrics.install(app)
    model_metrics.serve(model.predictor.config, model.revision)
    page = _PAGE.read_bytes()
    openapi = _encode(document(limits, model.predictor.config.label_names))

    def classify(text: str) -> dict[str, object]:
        said = model.predictor.predict(text)
        model_metrics.count(said)
        return _as_json(said, model.revision)

    @app.post("/predict")
    def predict() -> Response:
        texts, as_list = texts_to_classify(read_json(request, limits), limits)
        answers = [classify(text) for text in texts]
        return _json(answers if as_list else answers[0])

    @app.get("/health/live")
    def live() -> Response:
        return _json({"status": "live"})

    @app.get("/health/ready")
    def ready() -> Response:
        return _json({"status": "ready", "model_revision": model.revision})

    @app.get("/openapi.json")
    def openapi_document() -> Response:
        return Response(openapi, content_type="application/json")

    @app.get("/")
    def try_it() -> Response:
        return Response(page, content_type="text/html; charset=utf-8", headers=_SECURITY_HEADERS)

    @app.errorhandler(BadRequestError)
    def bad_request(error: BadRequestError) -> Response:
        return _json({"error": error.message}, error.status)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        response = _json({"error": f"{error.code} {error.name}."}, error.code or 500)
        for name, value in error.get_headers():
            if name not in ("Content-Type", "Content-Length"):
                response.headers[name] = value
        return response

    return app


def _as_json(said: Prediction, revision: str) -> dict[str, object]:
    return {
        "prediction": said.prediction,
        "label": said.label,
        "probability": said.probability,
        "model_revision": revision,
    }


def _encode(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _json(content: object, status: int = 200) -> Response:
    return Response(_encode(content), status, content_type="application/json")
