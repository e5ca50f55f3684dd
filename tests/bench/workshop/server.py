"""The workshop's server: FastAPI with a request counter and a response-time histogram of prometheus_client.

Uvicorn imports `app`; the environment names the model directory (WORKSHOP_MODEL), and for several processes
the directory in which their metrics meet (PROMETHEUS_MULTIPROC_DIR).
"""

import os
import time
from pathlib import Path

from fastapi import FastAPI, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from pydantic import BaseModel

from workshop.predictor import Predictor

REQUESTS = Counter("app_request_count", "Requests to /predict.")
SECONDS = Histogram("app_response_time_seconds", "Duration of a prediction, seconds.")

predictor = Predictor(Path(os.environ["WORKSHOP_MODEL"]))
app = FastAPI()


class Review(BaseModel):
    """Body of a request."""

    text: str


@app.post("/predict")
async def predict(review: Review) -> dict[str, int]:
    """Classify one review."""
    started = time.perf_counter()
    REQUESTS.inc()
    prediction = predictor.predict(review.text)
    SECONDS.observe(time.perf_counter() - started)
    return {"prediction": prediction}


@app.get("/metrics")
async def metrics() -> Response:
    """Expose the metrics, of all processes."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
