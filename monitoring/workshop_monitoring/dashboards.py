"""All dashboards, as files for Grafana's provisioning."""

import json

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from workshop_monitoring import (
    grafana,
    home_dashboard,
    hosts_dashboard,
    inference_dashboard,
    load_test_dashboard,
    model_dashboard,
    slo_dashboard,
)

BOARDS = (
    home_dashboard.BOARD,
    inference_dashboard.BOARD,
    slo_dashboard.BOARD,
    model_dashboard.BOARD,
    hosts_dashboard.BOARD,
    load_test_dashboard.BOARD,
)


def files() -> dict[str, str]:
    """Text of each file, by path below monitoring/."""
    # Sorted and indented: a change of one panel is a diff of a few lines.
    return {
        f"dashboards/{board.uid}.json": json.dumps(
            grafana.build(board), cls=JSONEncoder, indent=2, sort_keys=True
        )
        + "\n"
        for board in BOARDS
    }
