"""Dashboards as Grafana's JSON."""

import zlib
from typing import Any

from grafana_foundation_sdk.builders import (
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    DataSourceRef,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
    VariableModel,
    VariableOption,
    VariableRefresh,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from workshop_monitoring.board import Board, Kind, Panel, Query, Step, Variable
from workshop_monitoring.promql import shortened

DATA_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "ml-workshop"

DEPLOYMENTS = shortened("revision", "ml_workshop_deployment_timestamp_seconds * 1000")
"""Time of the newest deployment of each host, in milliseconds; each deployment is a series of its own."""

DEPLOYMENT_TITLE = "Deployment {{result}}"
DEPLOYMENT_TEXT = "release {{release}}, revision {{revision}}, slot {{slot}} on {{instance}}"

GREY = "#8e8e8e"
"""Grafana has no name for it."""

AnyPanel = timeseries.Panel | stat.Panel | heatmap.Panel | table.Panel | statetimeline.Panel


def build(board: Board) -> Dashboard:
    """The dashboard, ready to be written as JSON."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .refresh("10s")
        .time(board.since, "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("ML workshop")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .keep_time(True)
        )
        .annotation(_Deployments())
        .with_variable(_data_source())
    )
    for variable in board.variables:
        made.with_variable(_variable(variable))
    for row in board.rows:
        made.with_row(dashboard.Row(row.title).id(_id(row.title)))
        for panel in row.panels:
            made.with_panel(_panel(panel))
    return made.build()


def _id(title: str) -> int:
    # A hash of the title instead of the position, so that a new panel does not change the others' ids.
    return zlib.crc32(title.encode()) % 1_000_000


class _DeploymentQuery(AnnotationQuery):
    """The SDK's annotations lack what the Prometheus data source reads of them."""

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return super().to_json() | {
            "step": "60s",
            "useValueForTime": True,
            "titleFormat": DEPLOYMENT_TITLE,
            "textFormat": DEPLOYMENT_TEXT,
        }


class _Deployments(Builder[AnnotationQuery]):
    """A vertical line at the time of each deployment."""

    def build(self) -> AnnotationQuery:
        """The annotation."""
        return _DeploymentQuery(
            name="Deployments", datasource=DATA_SOURCE, expr=DEPLOYMENTS, icon_color="purple"
        )


def _data_source() -> dashboard.DatasourceVariable:
    return (
        dashboard.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(VariableOption(text="Prometheus", value="prometheus"))
    )


def _variable(variable: Variable) -> Builder[VariableModel]:
    text, value = (variable.chosen, variable.chosen) if variable.chosen else ("All", "$__all")
    return (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(DATA_SOURCE)
        .query(f"label_values({variable.metric}, {variable.of or variable.name})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(VariableOption(text=[text], value=[value]))
    )


def _panel(panel: Panel) -> AnyPanel:
    made = _drawn(panel)
    made.id(_id(panel.title)).title(panel.title).description(panel.description)
    made.datasource(DATA_SOURCE).unit(panel.unit).height(panel.height).span(panel.width)
    if panel.minimum is not None:
        made.min(panel.minimum)
    if panel.maximum is not None:
        made.max(panel.maximum)
    if panel.may_be_empty:
        made.no_value(f"No data, because {panel.may_be_empty}.")
    if panel.steps:
        made.thresholds(_thresholds(panel.steps))
    elif panel.kind is Kind.STAT:
        made.thresholds(_thresholds((Step(None, "blue"),)))  # Grafana's own turn red at 80
    if panel.values:
        made.mappings(
            [
                ValueMap(
                    {
                        str(value): ValueMappingResult(text=text, color=color)
                        for value, text, color in panel.values
                    }
                )
            ]
        )
    for ref_id, query in zip("ABCDEFGH", panel.queries, strict=False):
        made.with_target(_target(query, panel.kind).ref_id(ref_id))
        if style := _style(query):
            made.override_by_query(ref_id, style)
    links = [
        dashboard.DashboardLink(link.title).type(DashboardLinkType.LINK).url(link.url) for link in panel.links
    ]
    if links and panel.kind in (Kind.STATES, Kind.TABLE):
        made.data_links(list(links))  # about one series or line
    elif links:
        made.links(list(links))
    return made


def _drawn(panel: Panel) -> AnyPanel:
    match panel.kind:
        case Kind.GRAPH:
            return _graph(panel)
        case Kind.STAT:
            return _stat()
        case Kind.HEATMAP:
            return _heatmap(panel)
        case Kind.TABLE:
            return _table(panel)
        case Kind.STATES:
            return _states()


def _target(query: Query, kind: Kind) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expression).datasource(DATA_SOURCE)
    if query.legend:
        target.legend_format(query.legend)
    match kind:
        case Kind.TABLE:
            return target.instant().format(PromQueryFormat.TABLE)
        case Kind.HEATMAP:
            return target.range().format(PromQueryFormat.HEATMAP)
        case _:
            return target.range()


def _style(query: Query) -> list[DynamicConfigValue]:
    color = {"mode": "fixed", "fixedColor": GREY if query.color == "grey" else query.color}
    dashes = {"fill": "dash", "dash": [10, 10]}
    return [
        *([DynamicConfigValue("color", color)] if query.color else []),
        *([DynamicConfigValue("custom.lineStyle", dashes)] if query.dashed else []),
        *([DynamicConfigValue("custom.fillOpacity", 0)] if query.dashed else []),
    ]


def _thresholds(steps: tuple[Step, ...]) -> dashboard.ThresholdsConfig:
    return (
        dashboard.ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=step.since, color=step.color) for step in steps])
    )


def _graph(panel: Panel) -> timeseries.Panel:
    # A table of more than two lines would be cut off: legends get a third of a panel.
    mode = LegendDisplayMode.LIST if len(panel.queries) > 2 else LegendDisplayMode.TABLE
    graph = (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(10)
        .show_points(VisibilityMode.NEVER)
        .legend(
            VizLegendOptions()
            .display_mode(mode)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    if panel.steps:
        graph.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    if panel.maximum is None and (soft_maximum := panel.soft_maximum):
        graph.axis_soft_max(soft_maximum)
    return graph


def _stat() -> stat.Panel:
    return (
        stat.Panel()
        .graph_mode(BigValueGraphMode.AREA)
        .color_mode(BigValueColorMode.VALUE)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    )


def _heatmap(panel: Panel) -> heatmap.Panel:
    return (
        heatmap.Panel()
        .calculate(False)
        .y_axis(heatmap.YAxisConfig().unit(panel.unit))
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Blues").steps(64))
        .mode(TooltipDisplayMode.SINGLE)
        .show_y_histogram()
        .hide_legend()
    )


def _table(panel: Panel) -> table.Panel:
    """Labels as columns, without time and value."""
    options: dict[str, Any] = {
        "excludeByName": {"Time": True, "Value": True},
        "indexByName": {name: position for position, name in enumerate(panel.columns)},
    }
    return table.Panel().with_transformation(DataTransformerConfig(id_val="organize", options=options))


def _states() -> statetimeline.Panel:
    return (
        statetimeline.Panel()
        .show_value(VisibilityMode.NEVER)
        .legend(VizLegendOptions().show_legend(False).display_mode(LegendDisplayMode.LIST))
    )
