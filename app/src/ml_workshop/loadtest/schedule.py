"""When requests are due in the open model."""

import math
from collections.abc import Iterator
from itertools import count


def schedule(rate: float, ramp: float, hold: float, index: int = 0, processes: int = 1) -> Iterator[float]:
    """Yield when requests are due, in seconds from the start.

    The rate grows linearly from nothing during the ramp and is constant afterwards, with equal gaps.

    Args:
        rate: Requests per second after the ramp, of all processes.
        ramp: Seconds of growth.
        hold: Seconds at the full rate.
        index: Of this process, from 0.
        processes: Each takes its turn.
    """
    in_ramp = rate * ramp / 2
    for number in count(index, processes):
        due = ramp + (number - in_ramp) / rate if number >= in_ramp else math.sqrt(2 * number * ramp / rate)
        if due >= ramp + hold:
            return
        yield due
