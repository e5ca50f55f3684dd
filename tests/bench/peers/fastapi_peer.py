"""FastAPI with our predictor and prometheus_client, as one would write it for speed.

Uvicorn imports `app`, with uvloop and httptools; the environment names the model directory (PEER_MODEL) and
the one in which the workers' metrics meet (PROMETHEUS_MULTIPROC_DIR). It has the same metrics as the
service and leaves out what costs: thread pool, response model, access log.
"""

import os
import time
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from ml_workshop.model.predictor import Predictor
from ml_workshop.model.revision import model_revision
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
LABELS = ("method", "route", "status")
DURATION = Histogram("http_request_duration_seconds", "Duration of a request.", LABELS, buckets=SECONDS)
REQUESTS = Counter("http_requests", "Requests.", LABELS)
PREDICTIONS = Counter("predictions", "Predictions by class.", ["label"])
CONFIDENCE = Histogram("confidence", "Of a prediction.", buckets=(0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0))
UNKNOWN = Histogram(
    "out_of_vocabulary_ratio", "Of a text.", buckets=(0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
)
TOKENS = Histogram("tokens", "Of a text.", buckets=(1, 5, 10, 25, 50, 100, 200, 400, 800, 1600, 3200))


class Measured:
    """ASGI middleware that measures requests; BaseHTTPMiddleware would cost more."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, note_status)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            DURATION.labels(scope["method"], route, status).observe(time.perf_counter() - started)
            REQUESTS.labels(scope["method"], route, status).inc()


class Review(BaseModel):
    """Body of a request."""

    text: str = Field(min_length=1, max_length=100_000)


directory = Path(os.environ["PEER_MODEL"])
predictor = Predictor.load(directory)
revision = model_revision(directory)
app = FastAPI()
app.add_middleware(Measured)


@app.post("/predict")
async def predict(review: Review) -> Response:
    """Classify one review."""
    prediction = predictor.predict(review.text)
    PREDICTIONS.labels(prediction.label).inc()
    CONFIDENCE.observe(prediction.probability)
    UNKNOWN.observe(prediction.unknown_tokens / prediction.tokens if prediction.tokens else 1.0)
    TOKENS.observe(prediction.tokens)
    return JSONResponse(
        {
            "prediction": prediction.prediction,
            "label": prediction.label,
            "probability": prediction.probability,
            "model_revision": revision,
        }
    )


@app.get("/metrics")
async def metrics() -> Response:
    """Expose the metrics of all workers."""
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
