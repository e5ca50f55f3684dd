"""PromQL that several dashboards share, with matchers of their variables."""

import re
from collections.abc import Mapping

CHOSEN = 'job=~"$job", instance=~"$instance"'
"""Matchers of the variables job and instance."""


def select(metric: str, *matchers: str, chosen: str = CHOSEN) -> str:
    """Series of a metric, for example `up{job=~"$job", instance=~"$instance"}`."""
    return f"{metric}{{{', '.join((chosen, *matchers))}}}"


def rate(counter: str, *matchers: str, chosen: str = CHOSEN) -> str:
    """Increase of a counter per second."""
    return f"rate({select(counter, *matchers, chosen=chosen)}[$__rate_interval])"


def mean(histogram: str, *matchers: str, chosen: str = CHOSEN) -> str:
    """Mean of the observations of a histogram."""
    total, count = (rate(f"{histogram}_{part}", *matchers, chosen=chosen) for part in ("sum", "count"))
    return f"sum({total}) / sum({count})"


def quantile(share: float, histogram: str, *matchers: str, by: str = "", chosen: str = CHOSEN) -> str:
    """Quantile of the observations of a histogram, interpolated within a bucket.

    Args:
        share: Quantile, 0 to 1, for example 0.99.
        histogram: Name without _bucket.
        matchers: Further label matchers.
        by: Labels to group by.
        chosen: Matchers that select the series.
    """
    labels = f"le, {by}" if by else "le"
    buckets = rate(f"{histogram}_bucket", *matchers, chosen=chosen)
    return f"histogram_quantile({share:g}, sum by ({labels}) ({buckets}))"


def buckets(histogram: str, *matchers: str, chosen: str = CHOSEN) -> str:
    """Observations per second in each bucket of a histogram, as a heat map needs them."""
    return f"sum by (le) ({rate(f'{histogram}_bucket', *matchers, chosen=chosen)})"


def shortened(label: str, expression: str, length: int = 12) -> str:
    """Series whose label has at most its first characters."""
    return f'label_replace({expression}, "{label}", "$1", "{label}", "(.{{{length}}}).*")'


def fill(expression: str, values: Mapping[str, str]) -> str:
    """An expression with its Grafana variables, $name or ${name}, filled in.

    Raises:
        KeyError: It has a variable that is not among the values.
    """
    return re.sub(r"\$\{?([A-Za-z_]\w*)\}?", lambda found: values[found[1]], expression)
