"""One row per host for playbooks/status.yml: what serves, how well, and what is left."""

import shutil
import time
from datetime import datetime
from typing import Any

from ml_workshop.deploy.prometheus import PrometheusError, query
from ml_workshop.deploy.settings import Settings

_PREDICTIONS = 'job="inference", url_rule=~"/predict|/v2/.+/infer"'


def report(settings: Settings, state: dict[str, Any]) -> dict[str, Any]:
    """Return the row of this host.

    Args:
        settings: Of this host.
        state: What `status` returned.

    Returns:
        slot, release, revision, accuracy (0 to 1), uptime_seconds, disk_free_bytes, pinned; from Prometheus
        requests_per_second, error_budget_left (0 to 1, by objective) and alerts (names); without Prometheus
        these are None, and `problem` says why.
    """
    slot = state["slots"].get(state["serving"] or "", {})
    row = {
        "slot": state["serving"],
        **{name: slot.get(name) for name in ("release", "revision", "accuracy")},
        "uptime_seconds": _seconds_since(slot.get("since")),
        "disk_free_bytes": shutil.disk_usage(settings.models_dir).free,
        "pinned": bool(state["pin"]),
        "requests_per_second": None,
        "error_budget_left": None,
        "alerts": None,
        "problem": state["problem"],
    }
    if not settings.prometheus_url:
        return row
    where = f'{_PREDICTIONS}, instance="{settings.prometheus_instance}"'
    url, login_file = settings.prometheus_url, settings.prometheus_login_file
    try:
        rate = query(url, f"sum(rate(flask_http_request_duration_seconds_count{{{where}}}[2m]))", login_file)
        budget = query(url, "slo:period_error_budget_remaining:ratio", login_file)
        alerts = query(url, 'ALERTS{alertstate="firing", severity!="none"}', login_file)
    except PrometheusError as error:
        return row | {"problem": row["problem"] or str(error)}
    return row | {
        "requests_per_second": rate[0][1] if rate else 0.0,
        "error_budget_left": {labels["sloth_slo"]: value for labels, value in budget},
        "alerts": sorted({labels["alertname"] for labels, _ in alerts}),
    }


def _seconds_since(moment: str | None) -> float | None:
    return time.time() - datetime.fromisoformat(moment).timestamp() if moment else None
