"""Panels and template variables in the house style."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import dashboard, prometheus, timeseries
from grafana_foundation_sdk.builders.common import VizLegendOptions, VizTooltipOptions
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import VariableModel, VariableOption, VariableRefresh

DATA_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
HALF = 12
"""Width of a panel that shares its line with another; a dashboard is 24 wide."""


def query(expression: str, legend: str) -> prometheus.Dataquery:
    """One PromQL range query and the name of its series."""
    return prometheus.Dataquery().expr(expression).legend_format(legend).range().datasource(DATA_SOURCE)


def graph(title: str, description: str, unit: str, queries: Mapping[str, str]) -> timeseries.Panel:
    """A half-width graph over time.

    Args:
        title: What it shows.
        description: How to read it, for whoever sees it for the first time.
        unit: A unit of `grafana_foundation_sdk.models.units`.
        queries: Name of the series (may hold {{label}}) to expression.
    """
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .unit(unit)
        .min(0)
        .height(8)
        .span(HALF)
        .line_width(1)
        .fill_opacity(10)
        .show_points(VisibilityMode.NEVER)
        .legend(
            VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    for ref_id, (legend, expression) in zip("ABCDEFGH", queries.items(), strict=False):
        panel.with_target(query(expression, legend).ref_id(ref_id))
    return panel


def variables(metric: str, job: str) -> list[Builder[VariableModel]]:
    """Data source, job and instance, as every dashboard offers them.

    Args:
        metric: A metric that every instance has; its labels are offered.
        job: The job that is chosen at first.
    """
    data_source = (
        dashboard.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(VariableOption(text="Prometheus", value="prometheus"))
    )
    jobs = _label_variable("job", "Job", f"label_values({metric}, job)")
    instances = _label_variable("instance", "Instance", f'label_values({metric}{{job=~"$job"}}, instance)')
    return [
        data_source,
        jobs.current(VariableOption(text=[job], value=[job])),
        instances.current(VariableOption(text=["All"], value=["$__all"])),
    ]


def _label_variable(name: str, label: str, values: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATA_SOURCE)
        .query(values)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
    )
