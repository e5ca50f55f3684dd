import pytest
from benchmark.bars import BARS, Bar, Outcome

AT_LEAST = Bar("requests", "requests/s / peer", bar=1.0, target=1.3, higher_is_better=True)
AT_MOST = Bar("memory", "memory", bar=85, target=60, higher_is_better=False, unit=" MB", imdb_only=False)


@pytest.mark.parametrize(
    ("bar", "figure", "result"),
    [
        (AT_LEAST, 1.31, Outcome.REACHED),
        (AT_LEAST, 1.3, Outcome.REACHED),
        (AT_LEAST, 1.0, Outcome.MET),
        (AT_LEAST, 0.99, Outcome.MISSED),
        (AT_MOST, 59, Outcome.REACHED),
        (AT_MOST, 60, Outcome.REACHED),
        (AT_MOST, 85, Outcome.MET),
        (AT_MOST, 85.1, Outcome.MISSED),
        (AT_MOST, None, Outcome.NOT_MEASURED),
    ],
)
def test_figure_is_compared_in_the_right_direction(bar: Bar, figure: float | None, result: Outcome) -> None:
    assert bar.check(figure, imdb=True) is result


def test_bars_for_imdb_are_not_compared_on_other_data() -> None:
    assert AT_LEAST.check(0.1, imdb=False) is Outcome.NOT_COMPARED
    assert AT_MOST.check(900, imdb=False) is Outcome.MISSED


def test_target_is_better_than_the_bar() -> None:
    assert all(bar.times_bar(bar.target) > 1 for bar in BARS)
    assert len({bar.key for bar in BARS}) == len(BARS)
