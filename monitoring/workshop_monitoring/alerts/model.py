"""Alerts on the model: its age, and drift of its input and output from the test data."""

from workshop_monitoring.alerts import Alert, Severity
from workshop_monitoring.settings import Alerting

WINDOW = "6h"
"""Time over which predictions are compared with the baseline that is stored with the model."""

_PREDICTIONS = f'increase(ml_workshop_predictions_total{{job="inference"}}[{WINDOW}])'


def alerts(settings: Alerting) -> list[Alert]:
    """Age and drift."""
    return [
        Alert(
            name="ModelTooOld",
            expression=(
                "time() - min by (job, instance) (\n"
                '  ml_workshop_model_created_timestamp_seconds{job="inference"}\n)\n'
                f"> {settings.model_maximum_age_days} * 86400"
            ),
            hold="1h",
            severity=Severity.TICKET,
            summary="The model on {{ $labels.instance }} is old",
            description=(
                "The model that {{ $labels.instance }} serves was trained {{ $value | humanizeDuration }} "
                f"ago, more than {settings.model_maximum_age_days} days."
            ),
            dashboard="model",
        ),
        _drift(
            "ModelVocabularyDrift",
            f"abs(\n  {_mean('ml_workshop_out_of_vocabulary_ratio')}\n"
            f"  - {_baseline('out_of_vocabulary_ratio')}\n) > {settings.drift_out_of_vocabulary_ratio}",
            settings,
            summary="Reviews contain more unknown words than the test reviews",
            description=(
                "The share of words that the vocabulary does not have is {{ $value | humanizePercentage }} "
                "(of all words) away from that of the test reviews"
            ),
        ),
        _drift(
            "ModelClassDrift",
            # Only the class that became more frequent: another one always became rarer by as much.
            f"sum by (label) ({_PREDICTIONS})\n/ on () group_left ()\nsum({_PREDICTIONS})\n"
            f"- on (label) {_baseline('class_share', by=' by (label)')}\n> {settings.drift_class_share}",
            settings,
            summary="More predictions than usual are {{ $labels.label }}",
            description=(
                "The share of {{ $labels.label }} predictions is {{ $value | humanizePercentage }} "
                "(of all predictions) above that of the test reviews"
            ),
        ),
        _drift(
            "ModelConfidenceDrift",
            f"abs(\n  {_mean('ml_workshop_prediction_confidence')}\n"
            f"  - {_baseline('confidence')}\n) > {settings.drift_confidence}",
            settings,
            summary="The model's confidence differs from that on the test reviews",
            description=(
                "The mean confidence is {{ $value | humanizePercentage }} away from that over the test "
                "reviews"
            ),
        ),
    ]


def _drift(name: str, expression: str, settings: Alerting, summary: str, description: str) -> Alert:
    """Alert on a deviation from the baseline, given enough predictions."""
    return Alert(
        name=name,
        expression=f"{expression}\nand on ()\nsum({_PREDICTIONS}) >= {settings.drift_minimum_predictions}",
        hold="30m",
        severity=Severity.TICKET,
        summary=summary,
        description=f"{description}, over the last {WINDOW.removesuffix('h')} hours.",
        dashboard="model",
    )


def _mean(histogram: str) -> str:
    total, count = (
        f'sum(increase({histogram}_{part}{{job="inference"}}[{WINDOW}]))' for part in ("sum", "count")
    )
    return f"{total}\n  / {count}"


def _baseline(name: str, by: str = "") -> str:
    return f'avg{by} (ml_workshop_model_baseline_{name}{{job="inference"}})'
