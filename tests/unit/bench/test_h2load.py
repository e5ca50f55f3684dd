import pytest
from benchmark import h2load
from benchmark.errors import BenchmarkError

OUTPUT = (
    "finished in 2.00s, 50.00 req/s\n"
    "requests: 110 total, 110 started, 100 done, 100 succeeded, "
    "{failed} failed, 0 errored, {timeout} timeout\n"
)
LOG = "".join(f"{number}\t200\t{1000 * (number + 1)}\n" for number in range(100))


def test_microseconds_become_requests_per_second_and_milliseconds() -> None:
    load = h2load.parse(OUTPUT.format(failed=0, timeout=0), LOG, 2)
    assert load.requests_per_second == 50
    assert (load.p50, load.p99) == (pytest.approx(50.5), pytest.approx(99.01))


@pytest.mark.parametrize(
    ("output", "log", "sentence"),
    [
        (OUTPUT.format(failed=1, timeout=0), LOG, "'failed': 1"),
        (OUTPUT.format(failed=0, timeout=2), LOG, "'timeout': 2"),
        (OUTPUT.format(failed=0, timeout=0), LOG + "7\t503\t900\n", "100 answers"),
        (OUTPUT.format(failed=0, timeout=0), "", "0 answers"),
    ],
)
def test_single_failed_request_makes_the_run_fail(output: str, log: str, sentence: str) -> None:
    with pytest.raises(BenchmarkError, match=sentence):
        h2load.parse(output, log, 2)
