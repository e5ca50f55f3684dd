import pytest
from benchmark.bars import BARS
from benchmark.figures import figures, further_ratios, paired_ratio
from benchmark.measurements import (
    CONNECTIONS,
    GATEWAY,
    GATEWAY_TLS,
    NOOP,
    OURS,
    OURS_UNLOGGED,
    PEER,
    PEER_LOGGED,
    UNLABELLED,
    WORKSHOP,
    WORKSHOP_ONE,
    WORKSHOP_TWO,
    Load,
    Memory,
    Results,
    Serving,
    Training,
    Usage,
)
from benchmark.report import bars, markdown

SPEED = {
    OURS: (3000, 10),
    PEER: (2000, 20),
    PEER_LOGGED: (1800, 21),
    NOOP: (4000, 5),
    OURS_UNLOGGED: (3300, 9),
    GATEWAY: (2500, 8),
    GATEWAY_TLS: (2000, 10),
    WORKSHOP_ONE: (400, 50),
    WORKSHOP_TWO: (600, 80),
}
"""Requests/s and p99 in ms."""

TRAINING = Training(
    runs={
        OURS: [Usage(20, 40, 1_000), Usage(30, 40, 1_000)],
        UNLABELLED: [Usage(50, 90, 2_000)] * 2,
        WORKSHOP: [Usage(100, 200, 4_000)] * 2,
    },
    accuracy={OURS: 0.925, UNLABELLED: 0.93, WORKSHOP: 0.8},
    log_loss={OURS: 0.19, UNLABELLED: 0.2},
)
SERVING = Serving(
    loads={
        name: {count: [Load(*(rps, 1.0, p99))] * 3 for count in CONNECTIONS}
        for name, (rps, p99) in SPEED.items()
    },
    memory={name: Memory(60_000_000, 40_000_000) for name in SPEED},
    start_seconds=[0.9, 0.4, 0.5],
    prediction_microseconds={OURS: [90.0], WORKSHOP: [1000.0], f"{WORKSHOP}, 1 thread": [900.0]},
)


def results(
    training: Training | None = TRAINING, serving: Serving | None = SERVING, imdb: bool = True
) -> Results:
    return Results({"cores": "2"}, imdb, training, serving)


def test_ratio_is_paired_by_round() -> None:
    assert paired_ratio([2.0, 20.0, 2.0], [4.0, 40.0, 4.0]) == 0.5


def test_training_is_compared_by_duration_and_peak_memory() -> None:
    found = figures(results(serving=None))
    ours = {"accuracy": 92.5, "training_seconds": 0.25, "training_memory": 0.25, "log_loss": 0.19}
    unlabelled = {"accuracy": 93.0, "training_seconds": 0.5, "training_memory": 0.5}
    assert found == pytest.approx(ours | {f"unlabelled_{key}": value for key, value in unlabelled.items()})


def test_workshop_server_is_compared_with_one_process_and_reported_with_two() -> None:
    found = figures(results(training=None))
    assert found["requests_workshop"] == 3000 / 400
    assert found["requests_peer_logged"] == 3000 / 1800
    assert found["requests_gateway"] == 2500 / 400
    assert found["p99_gateway"] == 8 / 50
    assert found["requests_tls"] == 2000 / 2500
    further = further_ratios(SERVING)
    assert further["requests/s / workshop with 2 processes"] == 3000 / 600
    assert further["p99 / workshop with 2 processes"] == 10 / 80


def test_a_prediction_is_compared_with_the_faster_choice_of_threads() -> None:
    assert figures(results(training=None))["predict_p50"] == 90 / 900


def test_full_run_has_a_figure_for_every_bar() -> None:
    assert set(figures(results())) == {bar.key for bar in BARS}


def test_table_marks_what_was_not_measured_or_compared() -> None:
    text = bars(results(serving=None, imdb=False))
    rows = {line.split("|")[1].strip(): line for line in text.splitlines() if "|" in line}
    assert "this is other data" in text
    assert "not compared" in rows["accuracy on the test split"]
    assert "92.5 %" in rows["accuracy on the test split"]
    assert "not measured" in rows["resident memory of one worker"]


def test_report_has_every_server_and_both_trainings() -> None:
    report = markdown(results())
    assert all(f"| {name} " in report for name in (*SPEED, WORKSHOP))
    assert "| 3,000 " in report
