"""The model of a dashboard; grafana.py and console.py render it.

Expressions are PromQL with Grafana's variables in it: $job, $instance, $__rate_interval ...
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Types of panels; the values are Grafana's names."""

    GRAPH = "timeseries"
    STAT = "stat"
    HEATMAP = "heatmap"
    TABLE = "table"
    STATES = "state-timeline"


@dataclass(frozen=True)
class Query:
    """One expression of a panel.

    Attributes:
        legend: Name of the series; {{label}} stands for the value of a label.
        expression: PromQL.
        may_be_empty: Why there may be no series without a fault, the end of a sentence that begins with
            "No data, because"; empty: there always is one while the service has traffic.
        color: Colour in a graph: green, orange, red, blue, purple or grey; empty: next of the palette.
        dashed: Draw a dashed line, as for baselines and limits.
    """

    legend: str
    expression: str
    may_be_empty: str = ""
    color: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Step:
    """A threshold: colour of a panel for values of `since` or more; None: below all other thresholds."""

    since: float | None
    color: str


@dataclass(frozen=True)
class Link:
    """A link of a panel; url may contain Grafana's variables."""

    title: str
    url: str


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        title: Title.
        description: Explanation in whole sentences.
        unit: A unit of `grafana_foundation_sdk.models.units`.
        queries: Queries.
        kind: Type of the panel.
        width: Width in the 24 columns of a dashboard.
        height: Height in Grafana's rows of 30 pixels.
        minimum: Lower end of the axis; None: the lowest value.
        maximum: Upper end of the axis; None: the highest value.
        steps: Colours by value; in a graph they are lines.
        values: Words for values, of a panel that shows states.
        columns: Labels that a table shows, in this order.
        links: Related pages.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.GRAPH
    width: int = 8
    height: int = 8
    minimum: float | None = 0
    maximum: float | None = None
    steps: tuple[Step, ...] = ()
    values: tuple[tuple[int, str, str], ...] = ()
    columns: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def soft_maximum(self) -> float | None:
        """Value that the axis reaches in any case: every threshold, and 1 % of a share that is 0."""
        highest = max((step.since for step in self.steps if step.since is not None), default=0)
        return 1.1 * highest or (0.01 if self.unit == "percentunit" else None)

    @property
    def may_be_empty(self) -> str:
        """Why the whole panel may be empty; empty text when one of its queries always has data."""
        reasons = [query.may_be_empty for query in self.queries]
        return "; ".join(dict.fromkeys(reasons)) if all(reasons) else ""


@dataclass(frozen=True)
class Row:
    """Panels below one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Variable:
    """A choice at the top of a dashboard.

    Attributes:
        name: Name without the dollar sign.
        label: Label on the dashboard.
        metric: Selector of the series whose label is offered.
        of: That label; empty: the name of the variable.
        chosen: Initial value; empty: all.
    """

    name: str
    label: str
    metric: str
    of: str = ""
    chosen: str = ""


@dataclass(frozen=True)
class Board:
    """One dashboard; `uid` is its address and the name of its file."""

    uid: str
    title: str
    description: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    since: str = "now-1h"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in the order they are read."""
        return tuple(panel for row in self.rows for panel in row.panels)


def job_and_instance(metric: str, job: str = "") -> tuple[Variable, Variable]:
    """The two choices that every dashboard offers.

    Args:
        metric: A metric that every instance has; its labels are offered.
        job: The job that is chosen at first; empty: all.
    """
    return (
        Variable("job", "Job", metric, chosen=job),
        Variable("instance", "Instance", f'{metric}{{job=~"$job"}}'),
    )
