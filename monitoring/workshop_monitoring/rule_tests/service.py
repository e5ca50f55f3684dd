"""Tests of the alerts on the inference service."""

from workshop_monitoring.rule_tests import Fires, Scenario

_LABELS = {"job": "inference", "instance": "instance-a:8000"}
_UP = 'up{job="inference", instance="instance-a:8000"}'
_OTHER = 'up{job="inference", instance="instance-c:8000"}'

SCENARIOS = (
    Scenario(
        "A service that is stopped for a minute pages, and stops to when it is back",
        "InferenceDown",
        {_UP: "1x4 0x4 1x10", _OTHER: "1x20"},
        silent=("4m", "5m", "10m"),
        fires=(
            Fires(
                "6m",
                _LABELS | {"severity": "page"},
                "The inference service on instance-a:8000 does not answer",
                "Prometheus has got no answer from http://instance-a:8000/metrics for a minute; "
                "most likely nobody gets a prediction from it either.",
                "inference",
            ),
        ),
    ),
    Scenario(
        "Another job that is down is not the service",
        "InferenceDown",
        {_UP: "1x20", 'up{job="node_exporter", instance="instance-a:9100"}': "0x20"},
        silent=("20m",),
    ),
    Scenario(
        "A service that tells nothing of its model for five minutes is reported",
        "InferenceMetricsAbsent",
        {
            _UP: "1x20",
            'ml_workshop_model_info{job="inference", instance="instance-a:8000"}': "1x4 stale",
            _OTHER: "1x20",
            'ml_workshop_model_info{job="inference", instance="instance-c:8000"}': "1x20",
        },
        silent=("4m", "9m"),
        fires=(
            Fires(
                "10m",
                _LABELS | {"severity": "ticket"},
                "The inference service on instance-a:8000 answers without its own metrics",
                "http://instance-a:8000/metrics answers, but does not tell which model is served; "
                "alerts on the model and on the objectives are blind for this host.",
                "inference",
            ),
        ),
    ),
    Scenario(
        "A service that is down is not reported once more for its metrics",
        "InferenceMetricsAbsent",
        {_UP: "0x20"},
        silent=("20m",),
    ),
    Scenario(
        "Metric files that pile up for a quarter of an hour are reported",
        "TooManyMetricFiles",
        {'ml_workshop_metric_files{job="inference", instance="instance-a:8000"}': "300x4 600x30"},
        silent=("4m", "19m"),
        fires=(
            Fires(
                "20m",
                _LABELS | {"severity": "ticket"},
                "Metric files pile up on instance-a:8000",
                "600 files are read at each scrape of instance-a:8000, 400 are many; "
                "each worker process that dies leaves its own behind.",
                "inference",
            ),
        ),
    ),
    Scenario(
        "As many metric files as a large machine has stay unmentioned",
        "TooManyMetricFiles",
        {'ml_workshop_metric_files{job="inference", instance="instance-a:8000"}': "300x60"},
        silent=("60m",),
    ),
)
