"""All dashboards, as files for Grafana's provisioning."""

import json
from collections.abc import Sequence

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from workshop_monitoring import (
    gateway_dashboard,
    grafana,
    home_dashboard,
    hosts_dashboard,
    inference_dashboard,
    load_test_dashboard,
    model_dashboard,
    slo_dashboard,
)
from workshop_monitoring.board import Board
from workshop_monitoring.settings import Alerting
from workshop_monitoring.slo import Slo


def boards(objectives: Sequence[Slo], alerting: Alerting) -> tuple[Board, ...]:
    """All dashboards, in the order a reader meets them."""
    return (
        home_dashboard.board(objectives, alerting.runbook_base_url),
        gateway_dashboard.BOARD,
        inference_dashboard.BOARD,
        slo_dashboard.board(objectives),
        model_dashboard.board(alerting.model_maximum_age_days),
        hosts_dashboard.BOARD,
        load_test_dashboard.BOARD,
    )


def files(objectives: Sequence[Slo], alerting: Alerting) -> dict[str, str]:
    """Text of each file, by path below monitoring/."""
    # Sorted and indented: a change of one panel is a diff of a few lines.
    return {
        f"dashboards/{board.uid}.json": json.dumps(
            grafana.build(board), cls=JSONEncoder, indent=2, sort_keys=True
        )
        + "\n"
        for board in boards(objectives, alerting)
    }
