"""How long requests took, counted finely enough for a service that answers in under a millisecond.

Locust rounds to whole milliseconds (to two digits above 100 ms). These buckets are log-linear, as in Gil
Tene's HdrHistogram: one microsecond wide up to 2 ms, and never wider than a thousandth of what they hold.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

_BITS = 11  # a bucket is told by the first 11 bits of its microseconds


def _bucket(microseconds: int) -> tuple[int, int]:
    """Return lowest value and width of the bucket of a value, in microseconds."""
    surplus = max(microseconds.bit_length() - _BITS, 0)
    return microseconds >> surplus << surplus, 1 << surplus


class Latencies:
    """A histogram of durations. Those of several processes can be added up."""

    def __init__(
        self, buckets: Iterable[tuple[int, int]] = (), seconds: float = 0.0, longest: float = 0.0
    ) -> None:
        """Start empty, or with what another one held.

        Args:
            buckets: Pairs of a bucket's lowest value in microseconds and the durations counted in it.
            seconds: Sum of the durations.
            longest: The longest of them, in seconds.
        """
        self._counts = Counter(dict(buckets))
        self.count = self._counts.total()
        self.seconds = seconds
        self.longest = longest

    def record(self, seconds: float) -> None:
        """Count one duration."""
        lowest, _ = _bucket(max(round(seconds * 1e6), 0))
        self._counts[lowest] += 1
        self.count += 1
        self.seconds += seconds
        self.longest = max(self.longest, seconds)

    def add(self, other: "Latencies") -> None:
        """Count what another one counted, too."""
        self._counts.update(other._counts)
        self.count += other.count
        self.seconds += other.seconds
        self.longest = max(self.longest, other.longest)

    @property
    def buckets(self) -> list[tuple[int, int]]:
        """Pairs of lowest value in microseconds and count, in order; empty buckets are left out."""
        return sorted(self._counts.items())

    def quantile(self, share: float) -> float:
        """Return the seconds within which a share of the durations lies (nearest rank, to 0.1 %).

        Raises:
            ValueError: Nothing was counted.
        """
        rank = max(math.ceil(share * self.count), 1)
        for lowest, count in self.buckets:
            rank -= count
            if rank <= 0:
                return min((lowest + _bucket(lowest)[1] - 1) / 1e6, self.longest)
        raise ValueError("nothing was counted")

    def within(self, edges: Sequence[float]) -> list[int]:
        """Return for each edge (seconds, in order) how many durations were not longer, to 0.1 % of it."""
        counts, reached, buckets = [], 0, iter([*self.buckets, (math.inf, 0)])
        lowest, count = next(buckets)
        for edge in edges:
            while lowest <= round(edge * 1e6):
                reached += count
                lowest, count = next(buckets)
            counts.append(reached)
        return counts

    def to_message(self) -> dict[str, object]:
        """Return plain data for another process."""
        return {"buckets": self.buckets, "seconds": self.seconds, "longest": self.longest}

    @classmethod
    def from_message(cls, message: Mapping[str, object]) -> "Latencies":
        """Make one from plain data."""
        return cls(**message)  # type: ignore[arg-type]
