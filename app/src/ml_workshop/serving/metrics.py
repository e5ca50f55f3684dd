"""What Prometheus is told, summed over all workers.

prometheus_client must find PROMETHEUS_MULTIPROC_DIR in the environment when it is first imported.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from ml_workshop.model.predictor import Prediction
from ml_workshop.serving.model import ServedModel
from ml_workshop.serving.request_metrics import NOT_TRACKED, RequestMetrics

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Bucket edges of the request duration; 0.05 is the latency of the service level objective."""

_FILES = "ml_workshop_metric_files"
_CONFIDENCE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_RATIO = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
_TOKENS = (1, 5, 10, 25, 50, 100, 200, 400, 800, 1600, 3200)


class ModelMetrics:
    """What the service tells of its model and of its predictions."""

    def __init__(self, model: ServedModel, registry: CollectorRegistry) -> None:
        """Make the metrics, and say which model is served."""
        predictions = Counter(
            "ml_workshop_predictions", "Predictions by class.", ["label"], registry=registry
        )
        self._predictions = [predictions.labels(label) for label in model.predictor.config.label_names]
        self._confidence = Histogram(
            "ml_workshop_prediction_confidence",
            "Probability of the predicted class.",
            buckets=_CONFIDENCE,
            registry=registry,
        )
        self._unknown = Histogram(
            "ml_workshop_out_of_vocabulary_ratio",
            "Share of a text's tokens that the vocabulary does not have.",
            buckets=_RATIO,
            registry=registry,
        )
        self._tokens = Histogram(
            "ml_workshop_review_tokens", "Tokens of a text.", buckets=_TOKENS, registry=registry
        )
        _describe(model, registry)

    def count(self, said: Prediction) -> None:
        """Count one prediction."""
        self._predictions[said.prediction].inc()
        self._confidence.observe(said.probability)
        self._unknown.observe(said.unknown_tokens / said.tokens if said.tokens else 1.0)
        self._tokens.observe(said.tokens)


def _describe(model: ServedModel, registry: CollectorRegistry) -> None:
    """Set the gauges of the model; while workers of two models live, those of the newer one hold."""

    def gauge(
        name: str,
        documentation: str,
        labels: Collection[str] = (),
        mode: Literal["livemax", "livemostrecent"] = "livemostrecent",
    ) -> Gauge:
        return Gauge(
            f"ml_workshop_model_{name}", documentation, labels, multiprocess_mode=mode, registry=registry
        )

    config = model.predictor.config
    info = gauge("info", "The model that is served; always 1.", ("revision", "dataset", "created"), "livemax")
    info.labels(model.revision, config.dataset, config.created).set(1)
    created = gauge("created_timestamp_seconds", "When the model was trained.")
    created.set(datetime.fromisoformat(config.created).timestamp())
    if model.baseline is None:
        return
    gauge(
        "baseline_out_of_vocabulary_ratio",
        "Mean share of a text's tokens outside the vocabulary, over the rows held out from training.",
    ).set(model.baseline.out_of_vocabulary_ratio)
    gauge(
        "baseline_confidence",
        "Mean probability of the predicted class, over the rows held out from training.",
    ).set(model.baseline.confidence)
    share = gauge(
        "baseline_class_share",
        "Share of predictions of the class, over the rows held out from training.",
        ("label",),
    )
    for label, value in model.baseline.class_share.items():
        share.labels(label).set(value)


def install(app: Flask, model: ServedModel) -> ModelMetrics:
    """Measure the requests of an application and answer GET /metrics.

    The exporter's own endpoint cannot restrict to single metrics (?name[]=...) in multiprocess mode.

    Args:
        app: What it wraps around its `wsgi_app` by now is measured, too; routes may be added before or after.
        model: What is served.

    Returns:
        The metrics of the model.
    """
    registry = CollectorRegistry()
    RequestMetrics(app, path=None, buckets=SECONDS, registry=registry)

    @app.get(NOT_TRACKED)
    def metrics() -> Response:
        return _exposition(request.args.getlist("name[]"))

    return ModelMetrics(model, registry)


class _Chosen:
    """The samples of all workers, of the named metrics only if any are named."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def collect(self) -> Iterator[Metric]:
        merged = MultiProcessCollector.merge(_begun_files(), accumulate=True)  # type: ignore[no-untyped-call]
        for metric in merged:
            if self._names:
                metric.samples = [sample for sample in metric.samples if sample.name in self._names]
            if metric.samples:
                yield metric
        if not self._names or _FILES in self._names:
            yield GaugeMetricFamily(_FILES, "Files in which the workers count.", value=len(_files()))


def _files() -> list[Path]:
    return list(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob("*.db"))


def _begun_files() -> list[str]:
    """Leave out the files that a worker has just made: prometheus_client fails on one that is empty yet."""
    begun = []
    for path in _files():
        with suppress(FileNotFoundError):  # a gauge of a worker that has just ended
            if path.stat().st_size:
                begun.append(str(path))
    return begun


def _exposition(names: Collection[str]) -> Response:
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(_Chosen(names)), content_type=content_type)
