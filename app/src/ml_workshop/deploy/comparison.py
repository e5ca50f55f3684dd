"""Whether a candidate answers worse than the slot that serves: pure functions of counts."""

import math
from dataclasses import dataclass, field

SIGNIFICANCE = 0.001
"""Small, because a step is judged every second: chance gets many attempts."""

Z = 2.33
"""Quantile of the standard normal distribution: one-sided, 1 %."""


@dataclass(frozen=True)
class Counts:
    """What one slot answered.

    Attributes:
        requests: Number of answers.
        errors: Those with status 5xx.
        fast: Those within the latency objective; None if unknown.
        labels: Predictions by class.
        confidence_sum: Sum of the probabilities (0 to 1) of the predicted classes.
        confidence_count: Number of them.
        response_ms: Recent average in milliseconds, not a count; None if unknown.
    """

    requests: float = 0
    errors: float = 0
    fast: float | None = None
    labels: dict[str, float] = field(default_factory=dict)
    confidence_sum: float = 0
    confidence_count: float = 0
    response_ms: float | None = None

    def since(self, before: "Counts") -> "Counts":
        """Return the counts since an earlier reading; a counter that fell was reset to 0 in between."""

        def grown(now: float, then: float) -> float:
            return now - then if now >= then else now

        return Counts(
            grown(self.requests, before.requests),
            grown(self.errors, before.errors),
            None if self.fast is None else grown(self.fast, before.fast or 0),
            {name: grown(count, before.labels.get(name, 0)) for name, count in self.labels.items()},
            grown(self.confidence_sum, before.confidence_sum),
            grown(self.confidence_count, before.confidence_count),
            self.response_ms,
        )


@dataclass(frozen=True)
class Limits:
    """What a candidate may differ by.

    Attributes:
        error_ratio: Share of errors that the availability objective allows.
        slow_ratio: Share of slow answers that the latency objective allows.
        threshold_seconds: From which on an answer is slow.
        class_share: Largest difference of a class's share.
        confidence: Largest difference of the mean confidence.
        min_requests: Predictions of each slot before shares and means are compared.
    """

    error_ratio: float
    slow_ratio: float
    threshold_seconds: float
    class_share: float
    confidence: float
    min_requests: int


def breaches(new: Counts, old: Counts, limits: Limits) -> list[str]:
    """Return what makes the candidate worse, with the figures that decide; empty if nothing does."""
    found = []
    if is_worse(new.errors, new.requests, old.errors, old.requests, limits.error_ratio):
        found.append(_ratios("errors", new.errors, new, old.errors, old, limits.error_ratio))
    if new.fast is not None and old.fast is not None:
        slow, slow_old = new.requests - new.fast, old.requests - old.fast
        if is_worse(slow, new.requests, slow_old, old.requests, limits.slow_ratio):
            name = f"answers slower than {limits.threshold_seconds:g} s"
            found.append(_ratios(name, slow, new, slow_old, old, limits.slow_ratio))
    elif (
        (average := new.response_ms or 0) > 1000 * limits.threshold_seconds
        and average > 2 * (old.response_ms or 0)
        and new.requests >= limits.min_requests
    ):
        found.append(
            f"average response time {average:.0f} ms, old slot {old.response_ms or 0:.0f} ms, "
            f"objective {1000 * limits.threshold_seconds:.0f} ms"
        )
    found += _class_shares(new, old, limits)
    found += _confidence(new, old, limits)
    return found


def is_worse(bad: float, total: float, bad_old: float, total_old: float, allowed: float) -> bool:
    """Return whether a share of bad answers is above what is allowed, and above that of the old slot.

    Both beyond chance: one error in 100 answers is not.

    Args:
        bad: Bad answers of the candidate.
        total: All answers of the candidate.
        bad_old: Bad answers of the old slot.
        total_old: All answers of the old slot; without any, only `allowed` counts.
        allowed: Share from 0 to 1.
    """
    if bad <= 0 or binomial_tail(round(bad), round(total), allowed) >= SIGNIFICANCE:
        return False
    return total_old <= 0 or two_proportion_z(bad, total, bad_old, total_old) > Z


def binomial_tail(successes: int, trials: int, probability: float) -> float:
    """Return the probability of at least so many successes.

    The exact test of NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.4 "Does the proportion of
    defectives meet requirements?"; the distribution is in 1.3.6.6.18. Unlike its normal approximation it
    holds for few errors.
    """
    if successes <= 0 or probability >= 1:
        return 1.0
    if probability <= 0:
        return 0.0
    p, q = math.log(probability), math.log1p(-probability)
    ways = math.lgamma(trials + 1)
    fewer = (
        ways - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * p + (trials - k) * q
        for k in range(min(successes, trials + 1))
    )
    return max(0.0, 1.0 - math.fsum(map(math.exp, fewer)))


def two_proportion_z(bad: float, total: float, bad_old: float, total_old: float) -> float:
    """Return the test statistic for the difference of two proportions; positive if the first is larger.

    NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3 "How can we determine whether two processes
    produce the same proportion of defectives?", with the pooled proportion.
    """
    pooled = (bad + bad_old) / (total + total_old)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / total + 1 / total_old))
    return (bad / total - bad_old / total_old) / deviation if deviation else 0.0


def _class_shares(new: Counts, old: Counts, limits: Limits) -> list[str]:
    total, total_old = sum(new.labels.values()), sum(old.labels.values())
    if min(total, total_old) < limits.min_requests:
        return []
    found = []
    for label in sorted(new.labels.keys() | old.labels.keys()):
        share, share_old = new.labels.get(label, 0) / total, old.labels.get(label, 0) / total_old
        if _differs(share, total, share_old, total_old, limits.class_share):
            found.append(
                f"share of {label} {_percent(share)} of {total:.0f} predictions, "
                f"old slot {_percent(share_old)} of {total_old:.0f}, "
                f"largest difference {_percent(limits.class_share)}"
            )
    return found


def _confidence(new: Counts, old: Counts, limits: Limits) -> list[str]:
    if min(new.confidence_count, old.confidence_count) < limits.min_requests:
        return []
    mean, mean_old = new.confidence_sum / new.confidence_count, old.confidence_sum / old.confidence_count
    counts = (new.confidence_count, old.confidence_count)
    if not _differs(mean, counts[0], mean_old, counts[1], limits.confidence):
        return []
    return [
        f"mean confidence {mean:.3f} of {counts[0]:.0f} predictions, old slot {mean_old:.3f} of "
        f"{counts[1]:.0f}, largest difference {limits.confidence:g}"
    ]


def _variance(mean: float) -> float:
    """Return the variance of a 0/1 variable; the largest one of a variable from 0 to 1.

    The latter is the inequality of R. Bhatia and C. Davis, "A Better Bound on the Variance", American
    Mathematical Monthly 107 (2000), 353-357.
    """
    return max(0.0, mean * (1 - mean))


def _differs(mean: float, count: float, mean_old: float, count_old: float, limit: float) -> bool:
    """Return whether two means differ by more than a limit: the near end of the interval of 7.3.3 does."""
    deviation = math.sqrt(_variance(mean) / count + _variance(mean_old) / count_old)
    return abs(mean - mean_old) - Z * deviation > limit


def _ratios(name: str, bad: float, new: Counts, bad_old: float, old: Counts, allowed: float) -> str:
    before = bad_old / old.requests if old.requests else 0.0
    return (
        f"{name} {_percent(bad / new.requests)} ({bad:.0f} of {new.requests:.0f}), "
        f"old slot {_percent(before)} ({bad_old:.0f} of {old.requests:.0f}), objective {_percent(allowed)}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
