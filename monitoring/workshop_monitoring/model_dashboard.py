"""The dashboard `model`: which model serves, and how far its input drifted from the training data."""

from grafana_foundation_sdk.models import units

from workshop_monitoring.board import Board, Kind, Panel, Query, Row, Step, job_and_instance
from workshop_monitoring.gateway_dashboard import NO_SLOT_IN_USE, usable_weight
from workshop_monitoring.promql import buckets, mean, quantile, rate, select, shortened

INFO = "ml_workshop_model_info"
CONFIDENCE = "ml_workshop_prediction_confidence"
UNKNOWN = "ml_workshop_out_of_vocabulary_ratio"
TOKENS = "ml_workshop_review_tokens"
PREDICTIONS = rate("ml_workshop_predictions_total")

GATEWAY = 'job="gateway", instance=~"$instance"'
SERVED = shortened(
    "revision",
    f"{select(INFO)} and on (instance, slot) "
    f'label_replace({usable_weight(GATEWAY)} > 0, "slot", "$1", "server", "(.+)")',
)
"""Models of the slots that the gateway sends requests to; a slot and its gateway are one instance."""

NO_BASELINE = "the model was trained before baselines were stored with it"


def baseline(metric: str, by: str = "") -> str:
    """Measurements on the held-out reviews at the time of training."""
    labels = f" by ({by})" if by else ""
    return f"max{labels} ({select(f'ml_workshop_model_baseline_{metric}')})"


CLASS_SHARE = Panel(
    "Class share",
    "Share of each class among the predictions, and among those on held-out reviews in training. "
    "A share that leaves its baseline means new users or a broken client.",
    units.PercentUnit,
    (
        Query("{{label}}", f"sum by (label) ({PREDICTIONS}) / on () group_left () sum({PREDICTIONS})"),
        Query(
            "{{label}} (baseline)",
            baseline("class_share", by="label"),
            NO_BASELINE,
            color="grey",
            dashed=True,
        ),
    ),
    maximum=1,
)

MEAN_CONFIDENCE = Panel(
    "Confidence",
    "Mean probability of the predicted class, and its baseline: 0.5 is a guess. "
    "It falls when reviews are unlike those of training.",
    units.PercentUnit,
    (
        Query("mean", mean(CONFIDENCE)),
        Query("baseline", baseline("confidence"), NO_BASELINE, color="grey", dashed=True),
    ),
    minimum=0.5,
    maximum=1,
)

OUT_OF_VOCABULARY = Panel(
    "Unknown words",
    "Mean share of a review's words that are not in the vocabulary, and its baseline. "
    "It rises first when reviews are about another subject or in another language.",
    units.PercentUnit,
    (
        Query("mean", mean(UNKNOWN)),
        Query("baseline", baseline("out_of_vocabulary_ratio"), NO_BASELINE, color="grey", dashed=True),
    ),
)

MODEL_LABELS = ("revision", "slot", "instance", "created", "dataset")
MODEL_SERVED = Panel(
    "Model served",
    "What each slot serves that the gateway sends requests to; two on one instance are a canary.",
    units.NoUnit,
    (
        Query(
            "",
            f"max by ({', '.join(MODEL_LABELS)}) ({shortened('created', SERVED, len('2026-11-25'))})",
            NO_SLOT_IN_USE,
        ),
    ),
    kind=Kind.TABLE,
    columns=MODEL_LABELS,
    height=6,
    width=12,
)


def model_age(maximum_days: int) -> Panel:
    """Age of the oldest model that an instance serves, coloured by when it is reported as old."""
    return Panel(
        "Model age",
        "Time since the model that is served was trained, the older one during a canary. "
        f"ModelTooOld fires at {maximum_days} days.",
        units.DurationSeconds,
        (
            Query(
                "{{instance}}",
                f"time() - min by (instance) ({select('ml_workshop_model_created_timestamp_seconds')})",
            ),
        ),
        kind=Kind.STAT,
        height=6,
        width=4,
        steps=(
            Step(None, "green"),
            Step(0.8 * maximum_days * 86400, "orange"),
            Step(maximum_days * 86400, "red"),
        ),
    )


REVISIONS_OVER_TIME = Panel(
    "Revisions over time",
    "Served revisions over time. Every graph marks deployments.",
    units.NoUnit,
    (Query("{{slot}} {{revision}}", f"max by (slot, revision) ({SERVED})", NO_SLOT_IN_USE),),
    kind=Kind.STATES,
    height=6,
    values=((1, "served", "blue"),),
)

PREDICTION_RATE = Panel(
    "Predictions",
    "Reviews classified per second, by class; one request may hold several.",
    units.CountsPerSecond,
    (Query("{{label}}", f"sum by (label) ({PREDICTIONS})"),),
)

REVIEW_LENGTH = Panel(
    "Review length",
    "Words of the median review and of a long one (95 % are shorter).",
    units.Short,
    tuple(Query(f"p{100 * share:.0f}", quantile(share, TOKENS)) for share in (0.5, 0.95)),
)

CONFIDENCE_HEAT_MAP = Panel(
    "Confidence heat map",
    "Reviews per second by probability of the predicted class: many in the lowest row are many guesses.",
    units.PercentUnit,
    (Query("{{le}}", buckets(CONFIDENCE)),),
    kind=Kind.HEATMAP,
)


def board(maximum_age_days: int) -> Board:
    """The dashboard; a model of more than these days is old."""
    return Board(
        uid="model",
        title="Model",
        description="Which model serves, and has its input drifted from the training data?",
        variables=job_and_instance(INFO, job="inference"),
        rows=(
            Row("Revision", (MODEL_SERVED, model_age(maximum_age_days), REVISIONS_OVER_TIME)),
            Row("Against the baseline", (CLASS_SHARE, MEAN_CONFIDENCE, OUT_OF_VOCABULARY)),
            Row("Input", (PREDICTION_RATE, REVIEW_LENGTH, CONFIDENCE_HEAT_MAP)),
        ),
        since="now-6h",
    )
