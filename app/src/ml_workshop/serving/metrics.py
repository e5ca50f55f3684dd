"""What Prometheus is told, summed over all workers.

prometheus_client must find PROMETHEUS_MULTIPROC_DIR in the environment when it is first imported.
"""

from collections.abc import Collection, Iterator

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_flask_exporter import PrometheusMetrics  # type: ignore[import-untyped]

from ml_workshop.model.config import Config
from ml_workshop.model.predictor import Prediction

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Bucket edges of the request duration; 0.05 is the latency of the service level objective."""

_CONFIDENCE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_RATIO = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
_TOKENS = (1, 5, 10, 25, 50, 100, 200, 400, 800, 1600, 3200)


class ModelMetrics:
    """What the service tells of its predictions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Make the metrics."""
        self._predictions = Counter(
            "ml_workshop_predictions", "Predictions by class.", ["label"], registry=registry
        )
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
        self._info = Gauge(
            "ml_workshop_model_info",
            "The model that is served; always 1.",
            ["revision", "dataset", "created"],
            multiprocess_mode="livemax",
            registry=registry,
        )

    def serve(self, config: Config, revision: str) -> None:
        """Tell which model is served, and of its classes before the first prediction."""
        self._info.labels(revision, config.dataset, config.created).set(1)
        for label in config.label_names:
            self._predictions.labels(label)

    def count(self, said: Prediction) -> None:
        """Count one prediction."""
        self._predictions.labels(said.label).inc()
        self._confidence.observe(said.probability)
        self._unknown.observe(said.unknown_tokens / said.tokens if said.tokens else 1.0)
        self._tokens.observe(said.tokens)


def install(app: Flask) -> ModelMetrics:
    """Measure the requests of an application and answer GET /metrics.

    The exporter's own endpoint cannot restrict to single metrics (?name[]=...) in multiprocess mode.

    Args:
        app: Its routes may be added before or after.

    Returns:
        The metrics of the model.
    """
    registry = CollectorRegistry()
    in_progress = Gauge(
        "ml_workshop_requests_in_progress",
        "Requests that are being answered.",
        multiprocess_mode="livesum",
        registry=registry,
    )
    exporter = PrometheusMetrics(app, path=None, group_by="url_rule", buckets=SECONDS, registry=registry)

    @app.before_request
    def enter() -> None:
        in_progress.inc()

    @app.teardown_request
    def leave(_error: BaseException | None) -> None:
        in_progress.dec()

    @app.get("/metrics")
    @exporter.do_not_track()  # type: ignore[untyped-decorator]
    def metrics() -> Response:
        return _exposition(request.args.getlist("name[]"))

    return ModelMetrics(registry)


class _Chosen:
    """The samples of all workers, of the named metrics only if any are named."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._collector = MultiProcessCollector(CollectorRegistry())  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator[Metric]:
        for metric in self._collector.collect():  # type: ignore[no-untyped-call]
            if self._names:
                metric.samples = [sample for sample in metric.samples if sample.name in self._names]
            if metric.samples:
                yield metric


def _exposition(names: Collection[str]) -> Response:
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(_Chosen(names)), content_type=content_type)
