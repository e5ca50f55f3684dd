"""Statistical comparison of a candidate with the serving slot: pure functions of counts."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

SIGNIFICANCE = 0.001
"""Significance level of one comparison; small, because a canary step makes one per second."""

Z = 2.33
"""Quantile of the standard normal distribution: one-sided, 1 %."""


@dataclass(frozen=True)
class Counts:
    """Counts of one slot."""

    requests: float = 0  # number of responses
    errors: float = 0  # responses with status 5xx
    fast: float | None = None  # responses within the latency objective; None if unknown
    labels: dict[str, float] = field(default_factory=dict)  # predictions by class
    confidence_sum: float = 0  # sum of the probabilities (0 to 1) of the predicted classes
    confidence_count: float = 0  # number of these probabilities
    response_ms: float | None = None  # recent average in milliseconds, not a count; None if unknown

    def since(self, before: "Counts") -> "Counts":
        """Return the increase since an earlier reading; a smaller counter was reset to 0 in between."""

        def increase(now: Any, then: Any) -> Any:  # noqa: ANN401  # float or None
            return now if now is None or now < (then or 0) else now - (then or 0)

        labels = {name: increase(count, before.labels.get(name)) for name, count in self.labels.items()}
        names = ("requests", "errors", "fast", "confidence_sum", "confidence_count")
        counters: dict[str, Any] = {
            name: increase(getattr(self, name), getattr(before, name)) for name in names
        }
        return replace(self, labels=labels, **counters)


@dataclass(frozen=True)
class Limits:
    """Largest accepted differences of a candidate."""

    error_ratio: float  # share of errors that the availability objective allows
    slow_ratio: float  # share of slow responses that the latency objective allows
    threshold_seconds: float  # latency above which a response is slow
    class_share: float  # largest difference of a class's share
    confidence: float  # largest difference of the mean confidence
    min_requests: int  # predictions that each slot needs before shares and means are compared


def breaches(new: Counts, old: Counts, limits: Limits) -> list[str]:
    """Return one phrase with numbers for each way in which the candidate is worse."""
    found = _bad_ratio("errors", new, new.errors, old, old.errors, limits.error_ratio)
    if new.fast is not None and old.fast is not None:
        name = f"answers slower than {limits.threshold_seconds:g} s"
        slow, slow_old = new.requests - new.fast, old.requests - old.fast
        found += _bad_ratio(name, new, slow, old, slow_old, limits.slow_ratio)
    elif (
        (average := new.response_ms or 0) > 1000 * limits.threshold_seconds
        and average > 2 * (old.response_ms or 0)
        and new.requests >= limits.min_requests
    ):
        found.append(
            f"average response time {average:.0f} ms, old slot {old.response_ms or 0:.0f} ms, "
            f"objective {1000 * limits.threshold_seconds:.0f} ms"
        )
    total, total_old = sum(new.labels.values()), sum(old.labels.values())
    if min(total, total_old) >= limits.min_requests:
        for label in sorted(new.labels.keys() | old.labels.keys()):
            share, share_old = new.labels.get(label, 0) / total, old.labels.get(label, 0) / total_old
            if _differs(share, total, share_old, total_old, limits.class_share):
                found.append(
                    f"share of {label} {_percent(share)} of {total:.0f} predictions, "
                    f"old slot {_percent(share_old)} of {total_old:.0f}, "
                    f"largest difference {_percent(limits.class_share)}"
                )
    count, count_old = new.confidence_count, old.confidence_count
    if min(count, count_old) >= limits.min_requests:
        mean, mean_old = new.confidence_sum / count, old.confidence_sum / count_old
        if _differs(mean, count, mean_old, count_old, limits.confidence):
            found.append(
                f"mean confidence {mean:.3f} of {count:.0f} predictions, old slot {mean_old:.3f} of "
                f"{count_old:.0f}, largest difference {limits.confidence:g}"
            )
    return found


def is_worse(bad: float, total: float, bad_old: float, total_old: float, allowed: float) -> bool:
    """Return whether the share bad / total is significantly above `allowed` and above bad_old / total_old.

    `allowed` is from 0 to 1; without requests of the old slot, only `allowed` counts.
    """
    if bad <= 0 or binomial_tail(round(bad), round(total), allowed) >= SIGNIFICANCE:
        return False
    return total_old <= 0 or two_proportion_z(bad, total, bad_old, total_old) > Z


def binomial_tail(successes: int, trials: int, probability: float) -> float:
    """Return the probability of at least `successes` successes.

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


def _differs(mean: float, count: float, mean_old: float, count_old: float, limit: float) -> bool:
    """Return whether the lower end of the interval (NIST, 7.3.3) of two means' difference exceeds a limit.

    mean * (1 - mean) is the variance of a 0/1 variable and the largest one of a variable from 0 to 1:
    R. Bhatia and C. Davis, "A Better Bound on the Variance", American Mathematical Monthly 107 (2000).
    """
    variances = mean * (1 - mean) / count + mean_old * (1 - mean_old) / count_old
    return abs(mean - mean_old) - Z * math.sqrt(max(0.0, variances)) > limit


def _bad_ratio(name: str, new: Counts, bad: float, old: Counts, bad_old: float, allowed: float) -> list[str]:
    if not is_worse(bad, new.requests, bad_old, old.requests, allowed):
        return []
    share_old = bad_old / old.requests if old.requests else 0.0
    return [
        f"{name} {_percent(bad / new.requests)} ({bad:.0f} of {new.requests:.0f}), old slot "
        f"{_percent(share_old)} ({bad_old:.0f} of {old.requests:.0f}), objective {_percent(allowed)}"
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
