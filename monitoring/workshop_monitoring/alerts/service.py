"""Alerts on the inference service."""

from workshop_monitoring.alerts import Alert, Severity
from workshop_monitoring.settings import Alerting


def alerts(settings: Alerting) -> list[Alert]:
    """What is wrong with the service beside its objectives."""
    return [
        Alert(
            name="InferenceDown",
            expression='up{job="inference"} == 0',
            hold="1m",
            severity=Severity.PAGE,
            summary="The inference service on {{ $labels.instance }} does not answer",
            description=(
                "Prometheus has got no answer from http://{{ $labels.instance }}/metrics for a minute; "
                "most likely nobody gets a prediction from it either."
            ),
            dashboard="inference",
        ),
        Alert(
            name="InferenceMetricsAbsent",
            expression=(
                'up{job="inference"} == 1\nunless on (instance)\nml_workshop_model_info{job="inference"}'
            ),
            hold="5m",
            severity=Severity.TICKET,
            summary="The inference service on {{ $labels.instance }} answers without its own metrics",
            description=(
                "http://{{ $labels.instance }}/metrics answers, but does not tell which model is served; "
                "alerts on the model and on the objectives are blind for this host."
            ),
            dashboard="inference",
        ),
        Alert(
            name="TooManyMetricFiles",
            expression=f'ml_workshop_metric_files{{job="inference"}} > {settings.metric_files}',
            hold="15m",
            severity=Severity.TICKET,
            summary="Metric files pile up on {{ $labels.instance }}",
            description=(
                "{{ $value }} files are read at each scrape of {{ $labels.instance }}, "
                f"{settings.metric_files} are many; each worker process that dies leaves its own behind."
            ),
            dashboard="inference",
        ),
    ]
