import pytest
from benchmark.bars import BARS, Bar, Verdict

AT_LEAST = Bar("requests", "requests/s / peer", bar=1.0, reach=1.3, higher_is_better=True)
AT_MOST = Bar("memory", "memory", bar=85, reach=60, higher_is_better=False, unit=" MB", imdb_only=False)


@pytest.mark.parametrize(
    ("bar", "figure", "verdict"),
    [
        (AT_LEAST, 1.31, Verdict.REACHED),
        (AT_LEAST, 1.3, Verdict.REACHED),
        (AT_LEAST, 1.0, Verdict.MET),
        (AT_LEAST, 0.99, Verdict.MISSED),
        (AT_MOST, 59, Verdict.REACHED),
        (AT_MOST, 60, Verdict.REACHED),
        (AT_MOST, 85, Verdict.MET),
        (AT_MOST, 85.1, Verdict.MISSED),
        (AT_MOST, None, Verdict.NOT_MEASURED),
    ],
)
def test_a_figure_is_held_against_its_bar_in_the_right_direction(
    bar: Bar, figure: float | None, verdict: Verdict
) -> None:
    assert bar.judge(figure, imdb=True) is verdict


def test_other_data_is_not_judged_by_promises_about_imdb() -> None:
    assert AT_LEAST.judge(0.1, imdb=False) is Verdict.NOT_JUDGED
    assert AT_MOST.judge(900, imdb=False) is Verdict.MISSED


def test_what_is_reached_for_is_better_than_the_bar() -> None:
    assert all(bar.times_bar(bar.reach) > 1 for bar in BARS)
    assert len({bar.key for bar in BARS}) == len(BARS)
