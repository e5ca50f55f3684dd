"""The dashboard `inference`: rate, errors, duration and load of the service."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard, DashboardCursorSync

from workshop_monitoring import queries
from workshop_monitoring.panels import graph, variables
from workshop_monitoring.queries import GRAFANA


def build() -> Dashboard:
    """The dashboard, ready to be written as JSON."""
    return (
        dashboard.Dashboard("Inference")
        .uid("inference")
        .description("Is the sentiment service answering, how fast, and how busy is it?")
        .tags(["ml-workshop"])
        .readonly()
        .refresh("10s")
        .time("now-1h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .variables(variables(queries.DURATION + "_count", job="inference"))
        .with_panel(
            graph(
                "Request rate",
                "Requests answered per second, by HTTP status. Health checks and scrapes are left out.",
                units.RequestsPerSecond,
                {"{{status}}": queries.request_rate(GRAFANA)},
            )
        )
        .with_panel(
            graph(
                "Latency",
                "Time within which 50, 95 and 99 % of requests were answered, estimated from the histogram.",
                units.Seconds,
                {f"p{percent}": queries.latency_quantile(GRAFANA, percent / 100) for percent in (50, 95, 99)},
            )
        )
        .with_panel(
            graph(
                "Error ratio",
                "Share of requests answered with a server error (5xx, ours) or a client error (4xx, theirs).",
                units.PercentUnit,
                {
                    "5xx": queries.status_ratio(GRAFANA, "5.."),
                    "4xx": queries.status_ratio(GRAFANA, "4.."),
                },
            )
        )
        .with_panel(
            graph(
                "Requests in flight",
                "Requests that are being answered at this moment, by instance; "
                "as many as there are workers means that more have to wait.",
                units.Short,
                {"{{instance}}": queries.in_flight(GRAFANA)},
            )
        )
        .build()
    )
