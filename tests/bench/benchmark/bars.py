"""What the project promises, and whether a run kept it."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How a figure compares with its bar."""

    REACHED = "reached"
    MET = "met"
    MISSED = "MISSED"
    NOT_JUDGED = "not judged"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Bar:
    """One promise.

    Attributes:
        key: What results call the figure.
        what: What people read.
        bar: Worst figure that is accepted.
        reach: What we want.
        higher_is_better: Whether the bar is a lower bound.
        unit: Appended to figures: "" for ratios, " %", " MB" (10^6 bytes) or " s".
        imdb_only: Whether the promise is about IMDB, and says nothing of other data.
    """

    key: str
    what: str
    bar: float
    reach: float
    higher_is_better: bool
    unit: str = ""
    imdb_only: bool = True

    def judge(self, figure: float | None, imdb: bool) -> Verdict:
        """Compare a figure.

        Args:
            figure: What was measured, if it was.
            imdb: Whether the data was IMDB.
        """
        if figure is None:
            return Verdict.NOT_MEASURED
        if self.imdb_only and not imdb:
            return Verdict.NOT_JUDGED
        times = self.times_bar(figure)
        if times >= self.times_bar(self.reach):
            return Verdict.REACHED
        return Verdict.MET if times >= 1 else Verdict.MISSED

    def times_bar(self, figure: float) -> float:
        """Return how many times better than the bar a figure is; 1 just keeps it."""
        return figure / self.bar if self.higher_is_better else self.bar / figure


BARS = (
    Bar("accuracy", "accuracy on the test split", 92.4, 92.7, True, " %"),
    Bar("log_loss", "log loss on the test split", 0.197, 0.190, False),
    Bar("unlabelled_accuracy", "accuracy, with unlabelled rows", 92.8, 93.2, True, " %"),
    Bar("training_seconds", "training wall / workshop's way", 0.30, 0.20, False),
    Bar("training_memory", "training peak memory / workshop's way", 0.25, 0.17, False),
    Bar(
        "unlabelled_training_seconds",
        "unlabelled rows: training wall / workshop's way",
        0.60,
        0.45,
        False,
    ),
    Bar(
        "unlabelled_training_memory",
        "unlabelled rows: training memory / workshop's way",
        0.40,
        0.30,
        False,
    ),
    Bar("predict_p50", "predict p50, one review, library call / workshop's way", 0.13, 0.10, False),
    Bar("requests_workshop", "requests/s of a slot, 16 connections / workshop's way", 7, 9, True),
    Bar("requests_peer", "the same / FastAPI peer, no access logs", 1.0, 1.2, True, imdb_only=False),
    Bar("requests_peer_logged", "the same / FastAPI peer, access logs", 1.0, 1.2, True, imdb_only=False),
    Bar("requests_gateway", "requests/s through HAProxy, 16 connections / workshop's way", 5, 6.5, True),
    Bar("p99_gateway", "p99 through HAProxy, 16 connections / workshop's way", 0.20, 0.12, False),
    Bar("worker_memory", "resident memory of one worker", 85, 70, False, " MB", imdb_only=False),
    Bar("start_seconds", "start of a slot to first correct answer", 1.0, 0.5, False, " s", imdb_only=False),
)
