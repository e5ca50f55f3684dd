"""Metrics for Prometheus, summed over all workers.

prometheus_client must find PROMETHEUS_MULTIPROC_DIR in the environment when it is first imported.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from ml_workshop.model.loading import ServedModel
from ml_workshop.model.predictor import Prediction

PATH = "/metrics"
"""The one route whose requests are not counted."""

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Bucket edges of the request duration; 0.05 is the latency of the service level objective."""

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"))
_CONFIDENCE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_RATIO = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
_TOKENS = (1, 5, 10, 25, 50, 100, 200, 400, 800, 1600, 3200)


class Metrics:
    """The metrics that a worker counts."""

    def __init__(self, model: ServedModel) -> None:
        """Create the metrics of a model and of its requests."""
        registry = CollectorRegistry()
        counter, histogram = partial(Counter, registry=registry), partial(Histogram, registry=registry)
        # The names of prometheus-flask-exporter; docs/serving.md has the reason why it is not used.
        durations = histogram(
            "flask_http_request_duration_seconds",
            "Flask HTTP request duration in seconds",
            ("method", "url_rule", "status"),
            buckets=SECONDS,
        )
        requests = counter("flask_http_request", "Total number of HTTP requests", ("method", "status"))
        self._series = cache(
            lambda method, rule, status: (
                durations.labels(method, rule, status),
                requests.labels(method, status),
            )
        )
        self.log_lines_dropped = counter(
            "ml_workshop_log_lines_dropped", "Lines of the request log that could not be written."
        )
        predictions = counter("ml_workshop_predictions", "Predictions by class.", ["label"])
        self._predictions = [predictions.labels(label) for label in model.predictor.config.label_names]
        self._confidence = histogram(
            "ml_workshop_prediction_confidence", "Probability of the predicted class.", buckets=_CONFIDENCE
        )
        self._unknown = histogram(
            "ml_workshop_out_of_vocabulary_ratio",
            "Share of a text's tokens that the vocabulary does not have.",
            buckets=_RATIO,
        )
        self._tokens = histogram("ml_workshop_review_tokens", "Tokens of a text.", buckets=_TOKENS)
        self._model = model

    def count_request(self, method: str, route: str | None, status: str, seconds: float) -> None:
        """Count one request; a method that a client made up counts as OTHER."""
        if route != PATH:
            duration, total = self._series(method if method in _METHODS else "OTHER", str(route), status)
            duration.observe(seconds)
            total.inc()

    def count_prediction(self, prediction: Prediction) -> None:
        """Count one prediction."""
        self._predictions[prediction.prediction].inc()
        self._confidence.observe(prediction.probability)
        self._unknown.observe(prediction.unknown_tokens / prediction.tokens if prediction.tokens else 1.0)
        self._tokens.observe(prediction.tokens)

    def exposition(self, accept: str, names: Collection[str]) -> tuple[bytes, str]:
        """Return the metrics of all workers, and their Content-Type.

        Args:
            accept: The Accept header, which chooses the format.
            names: Names of the samples to return; empty for all.
        """
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # `version=x` in it
            encode, content_type = choose_encoder("")
        return encode(_Snapshot(self._model, names)), content_type


class _Snapshot(Collector):
    """The samples of all workers."""

    def __init__(self, model: ServedModel, names: Collection[str]) -> None:
        self._model = model
        self._names = names

    def collect(self) -> Iterator[Metric]:
        directory = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        files = [path for path in directory.glob("*.db") if _has_content(path)]
        merged = MultiProcessCollector.merge(map(str, files), accumulate=True)  # type: ignore[no-untyped-call]
        count = GaugeMetricFamily("ml_workshop_metric_files", "Files of the workers' metrics.", len(files))
        for metric in (*merged, *_described(self._model), count):
            if self._names:
                metric.samples = [sample for sample in metric.samples if sample.name in self._names]
            if metric.samples:
                yield metric


def _has_content(path: Path) -> bool:
    """Return whether a file can be read: prometheus_client fails on one that a worker has just created."""
    with suppress(FileNotFoundError):  # the gauge of a worker that has just ended
        return path.stat().st_size > 0
    return False


def _described(model: ServedModel) -> Iterator[Metric]:
    """Return the gauges of the model: the same in all workers, so no file has them."""
    config, baseline = model.predictor.config, model.baseline
    created = datetime.fromisoformat(config.created).timestamp()
    name, held_out = "ml_workshop_model_", "over the rows held out from training."
    info = GaugeMetricFamily(
        f"{name}info", "The model that is served; always 1.", labels=("revision", "dataset", "created")
    )
    info.add_metric((model.revision, config.dataset, config.created), 1)
    yield info
    yield GaugeMetricFamily(f"{name}created_timestamp_seconds", "When the model was trained.", created)
    if baseline is None:
        return
    yield GaugeMetricFamily(
        f"{name}baseline_out_of_vocabulary_ratio",
        f"Mean share of a text's tokens outside the vocabulary, {held_out}",
        baseline["out_of_vocabulary_ratio"],
    )
    yield GaugeMetricFamily(
        f"{name}baseline_confidence",
        f"Mean probability of the predicted class, {held_out}",
        baseline["confidence"],
    )
    share = GaugeMetricFamily(
        f"{name}baseline_class_share", f"Share of predictions of the class, {held_out}", labels=("label",)
    )
    for label, value in baseline["class_share"].items():
        share.add_metric((label,), value)
    yield share
