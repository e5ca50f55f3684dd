"""Thresholds of the benchmark."""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """Result of comparing a figure with its threshold."""

    REACHED = "reached"
    MET = "met"
    MISSED = "MISSED"
    NOT_COMPARED = "not compared"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Bar:
    """A threshold for one figure.

    Attributes:
        key: Name of the figure in the results.
        what: Name in the tables.
        bar: Worst figure that is accepted.
        target: Figure to aim for.
        higher_is_better: Whether the bar is a lower bound.
        unit: Appended to figures: "" for ratios, " %", " MB" (10^6 bytes) or " s".
        imdb_only: Whether the bar holds for IMDB only.
    """

    key: str
    what: str
    bar: float
    target: float
    higher_is_better: bool
    unit: str = ""
    imdb_only: bool = True

    def check(self, figure: float | None, imdb: bool) -> Outcome:
        """Compare a figure.

        Args:
            figure: The measured figure; None if it was not measured.
            imdb: Whether the data was IMDB.
        """
        if figure is None:
            return Outcome.NOT_MEASURED
        if self.imdb_only and not imdb:
            return Outcome.NOT_COMPARED
        times = self.times_bar(figure)
        if times >= self.times_bar(self.target):
            return Outcome.REACHED
        return Outcome.MET if times >= 1 else Outcome.MISSED

    def times_bar(self, figure: float) -> float:
        """Return how many times better than the bar a figure is; 1 meets it."""
        return figure / self.bar if self.higher_is_better else self.bar / figure


BARS = (
    Bar("accuracy", "accuracy on the test split", 92.4, 92.7, True, " %"),
    Bar("log_loss", "log loss on the test split", 0.197, 0.190, False),
    Bar("unlabelled_accuracy", "accuracy, with unlabelled rows", 92.8, 93.2, True, " %"),
    Bar("training_seconds", "training wall / workshop", 0.30, 0.20, False),
    Bar("training_memory", "training peak memory / workshop", 0.25, 0.17, False),
    Bar(
        "unlabelled_training_seconds",
        "unlabelled rows: training wall / workshop",
        0.60,
        0.45,
        False,
    ),
    Bar(
        "unlabelled_training_memory",
        "unlabelled rows: training memory / workshop",
        0.40,
        0.30,
        False,
    ),
    Bar("predict_p50", "predict p50, one review, library call / workshop", 0.13, 0.10, False),
    Bar("requests_workshop", "requests/s of a slot, 16 connections / workshop", 7, 9, True),
    Bar("requests_peer", "the same / FastAPI peer, no access logs", 1.0, 1.2, True, imdb_only=False),
    Bar("requests_peer_logged", "the same / FastAPI peer, access logs", 1.0, 1.2, True, imdb_only=False),
    Bar("requests_gateway", "requests/s through HAProxy, 16 connections / workshop", 5, 6.5, True),
    Bar("p99_gateway", "p99 through HAProxy, 16 connections / workshop", 0.20, 0.12, False),
    Bar(
        "requests_tls",
        "requests/s through HAProxy, TLS and API key / neither",
        0.85,
        0.95,
        True,
        imdb_only=False,
    ),
    Bar("worker_memory", "resident memory of one worker", 85, 70, False, " MB", imdb_only=False),
    Bar("start_seconds", "start of a slot to first correct answer", 1.0, 0.5, False, " s", imdb_only=False),
)
