import pytest
from benchmark import wrk
from benchmark.errors import BenchmarkError

RESULT = (
    '{{"requests": {requests}, "microseconds": 5000000, "p50": 4100, "p99": 12500, '
    '"bad_status": {bad_status}, "connect": 0, "read": {read}, "write": 0, "timeout": 0}}\n'
)
TABLE = "Running 5s test @ http://127.0.0.1:1/predict\n  1 threads and 16 connections\n"


def output(requests: int = 10_000, bad_status: int = 0, read: int = 0) -> str:
    return TABLE + RESULT.format(requests=requests, bad_status=bad_status, read=read)


def test_wrks_microseconds_become_requests_per_second_and_milliseconds() -> None:
    load = wrk.parse(output())
    assert (load.requests_per_second, load.p50, load.p99) == (2000, 4.1, 12.5)


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        (output(bad_status=1), "bad_status 1"),
        (output(read=2), "read 2"),
        (output(requests=0), "0 answers"),
        (TABLE, "no result"),
    ],
)
def test_a_single_failed_request_makes_the_run_fail(printed: str, sentence: str) -> None:
    with pytest.raises(BenchmarkError, match=sentence):
        wrk.parse(printed)
