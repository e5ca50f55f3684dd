"""The dashboard `model`: which model answers, and whether reviews still look like those it was trained on."""

from grafana_foundation_sdk.models import units

from workshop_monitoring.board import Board, Kind, Panel, Query, Row, job_and_instance
from workshop_monitoring.promql import buckets, mean, quantile, rate, select

INFO = "ml_workshop_model_info"
CONFIDENCE = "ml_workshop_prediction_confidence"
UNKNOWN = "ml_workshop_out_of_vocabulary_ratio"
TOKENS = "ml_workshop_review_tokens"
PREDICTIONS = rate("ml_workshop_predictions_total")

NO_BASELINE = "the model was trained before baselines were stored with it"


def baseline(metric: str, by: str = "") -> str:
    """What was measured on the held-out reviews when the model was trained."""
    labels = f" by ({by})" if by else ""
    return f"max{labels} ({select(f'ml_workshop_model_baseline_{metric}')})"


CLASS_SHARE = Panel(
    "Class share",
    "Share of each class among the predictions, and among those on held-out reviews in training. "
    "A share that leaves its baseline is a change of the audience, or a broken client.",
    units.PercentUnit,
    (
        Query("{{label}}", f"sum by (label) ({PREDICTIONS}) / on () group_left () sum({PREDICTIONS})"),
        Query("{{label}} (baseline)", baseline("class_share", by="label"), NO_BASELINE),
    ),
    maximum=1,
)

MEAN_CONFIDENCE = Panel(
    "Confidence",
    "Mean probability of the predicted class, and its baseline: 0.5 is a guess. "
    "It falls when reviews are unlike those of training.",
    units.PercentUnit,
    (Query("mean", mean(CONFIDENCE)), Query("baseline", baseline("confidence"), NO_BASELINE)),
    minimum=0.5,
    maximum=1,
)

OUT_OF_VOCABULARY = Panel(
    "Words the model does not know",
    "Mean share of a review's words that are not in the vocabulary, and its baseline. "
    "It rises first when people write about something else, or in another language.",
    units.PercentUnit,
    (Query("mean", mean(UNKNOWN)), Query("baseline", baseline("out_of_vocabulary_ratio"), NO_BASELINE)),
)

MODEL_SERVED = Panel(
    "Model served",
    "What each instance serves; two revisions at a time are a switch, or an instance that missed it.",
    units.NoUnit,
    (Query("", f"max by (instance, revision, dataset, created) ({select(INFO)})"),),
    kind=Kind.TABLE,
    height=6,
    width=12,
)

MODEL_AGE = Panel(
    "Model age",
    "Time since the model that is served was trained.",
    units.DurationSeconds,
    (
        Query(
            "{{instance}}",
            f"time() - max by (instance) ({select('ml_workshop_model_created_timestamp_seconds')})",
        ),
    ),
    kind=Kind.STAT,
    height=6,
    width=4,
)

REVISIONS_OVER_TIME = Panel(
    "Revisions over time",
    "Which revision was served when. The same changes stand as marks in every graph.",
    units.NoUnit,
    (Query("{{revision}}", f"max by (revision) ({select(INFO)})"),),
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

BOARD = Board(
    uid="model",
    title="Model",
    description="Which model answers, and do reviews still look like those it was trained on?",
    variables=job_and_instance(INFO, job="inference"),
    rows=(
        Row("Revision", (MODEL_SERVED, MODEL_AGE, REVISIONS_OVER_TIME)),
        Row("Against the baseline", (CLASS_SHARE, MEAN_CONFIDENCE, OUT_OF_VOCABULARY)),
        Row("What comes in", (PREDICTION_RATE, REVIEW_LENGTH, CONFIDENCE_HEAT_MAP)),
    ),
    since="now-6h",
)
