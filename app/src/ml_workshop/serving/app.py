"""The Flask application."""

import base64
import hashlib
import logging
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from ml_workshop.model.explanation import explain
from ml_workshop.model.loading import ServedModel
from ml_workshop.model.predictor import Prediction
from ml_workshop.serving.bodies import (
    BadRequestError,
    Limits,
    PlainResponse,
    json_response,
    read_json,
    text_to_explain,
    texts_to_classify,
)
from ml_workshop.serving.metrics import PATH as METRICS_PATH
from ml_workshop.serving.metrics import Metrics
from ml_workshop.serving.middleware import REQUEST_ID, TEXTS, LineWriter, RequestMiddleware
from ml_workshop.serving.openapi import document
from ml_workshop.serving.v2 import add_v2_routes

MODEL_NAME = "sentiment"  # default of the V2 protocol

PAGE = Path(__file__).with_name("page.html").read_bytes()  # to try the model in a browser

log = logging.getLogger("ml_workshop")


class PlainFlask(Flask):
    """Flask without sessions, asynchronous views and host names, by what is documented for overriding.

    With PlainResponse this saves a sixth of the time that Flask takes for a request (docs/serving.md).
    """

    class _NoSessions(SessionInterface):
        _session = NullSession()

        def open_session(self, app: Flask, request: Request) -> NullSession:
            return self._session

    session_interface = _NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function; no view is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match the path of a request for any host."""
        if request is None:
            return None
        path = request.environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        return self.url_map.bind("", path_info=path, default_method=request.method)


def create_app(
    model: ServedModel, limits: Limits, model_name: str = MODEL_NAME, log_descriptor: int | None = None
) -> Flask:
    """Create the application of one worker; a file descriptor gets one log line per request."""
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

    page_headers = {
        "Content-Security-Policy": f"default-src 'none'; style-src {_hash_of('style')}; script-src "
        f"{_hash_of('script')}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }

    @app.get("/")
    def try_it() -> Response:
        return PlainResponse(PAGE, content_type="text/html; charset=utf-8", headers=page_headers)

    add_v2_routes(app, model_name, model.revision, limits, classify)

    @app.errorhandler(BadRequestError)
    def bad_request(error: BadRequestError) -> Response:
        return json_response({"error": error.message}, error.status)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        response = json_response({"error": f"{error.code} {error.name}."}, error.code or 500)
        response.headers.extend(pair for pair in error.get_headers() if pair[0] != "Content-Type")
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


def _hash_of(element: str) -> str:
    """Return the hash of the page's only style or script, as a source of its Content-Security-Policy."""
    (content,) = re.findall(f"<{element}>(.*?)</{element}>".encode(), PAGE, re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"
