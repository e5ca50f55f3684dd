"""Alerts on the inference service."""

from workshop_monitoring.alerts import Alert, Severity
from workshop_monitoring.alerts.gateway import ACTIVE_SERVERS
from workshop_monitoring.settings import Alerting


def alerts(settings: Alerting) -> list[Alert]:
    """Alerts on problems of the service that its objectives do not cover."""
    return [
        Alert(
            name="InferenceDown",
            # The gateway does not answer, or it does and has nothing to send requests to.
            expression=f'min by (instance) (\n  up{{job="gateway"}}\n  or\n  {ACTIVE_SERVERS}\n) == 0',
            hold="1m",
            severity=Severity.PAGE,
            labels={"job": "inference"},
            summary="The inference service behind {{ $labels.instance }} is down",
            description=(
                "For a minute the metrics of the gateway {{ $labels.instance }} have not answered, "
                "or it has had no usable slot; clients of this gateway get no prediction."
            ),
            dashboard="gateway",
        ),
        Alert(
            name="InferenceMetricsAbsent",
            # The idle slot has none by design, and a gateway before several hosts has no slots of its own.
            expression=(
                'max by (job, instance) (up{job="inference"})\n'
                f"and on (instance)\n{ACTIVE_SERVERS} > 0\n"
                'unless on (instance)\nml_workshop_model_info{job="inference"}'
            ),
            hold="5m",
            severity=Severity.TICKET,
            summary="The inference service on {{ $labels.instance }} serves without its own metrics",
            description=(
                "A slot of {{ $labels.instance }} serves, but neither slot's metrics have "
                "ml_workshop_model_info; alerts on the model and on the objectives are blind for this host."
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
                "{{ $value }} files are read at each scrape of slot {{ $labels.slot }} of "
                "{{ $labels.instance }}, "
                f"{settings.metric_files} are many; each worker process that dies leaves its own behind."
            ),
            dashboard="inference",
        ),
    ]
