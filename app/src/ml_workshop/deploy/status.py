"""Status of the deployment on this host: as data, as a table, and as a row for playbooks/status.yml."""

import shutil
import time
from datetime import datetime
from typing import Any

from ml_workshop.deploy.haproxy import HAProxy
from ml_workshop.deploy.prometheus import PrometheusError, query
from ml_workshop.deploy.records import State, lock_holder, read_journal, read_state
from ml_workshop.deploy.settings import SLOTS, Settings
from ml_workshop.deploy.slot_http import json_object
from ml_workshop.deploy.slots import unit_state
from ml_workshop.errors import DeployError

Status = dict[str, Any]


def status(settings: Settings) -> Status:
    """Return serving, slots, pin, last_deployment, in_progress, lock and problem."""
    state = read_state(settings.state_dir) or State()
    try:
        servers, problem = HAProxy(settings.haproxy_socket, settings.haproxy_state_file, 0).servers(), None
    except DeployError as error:
        servers, problem = {}, str(error)
    try:
        last = next(iter(read_journal(settings.state_dir, 1)), None)
    except DeployError as error:
        last, problem = None, problem or str(error)
    slots = {}
    for slot in SLOTS:
        spec, unit, server = state.slots[slot], unit_state(slot), servers.get(slot)
        slots[slot] = {
            "release": spec and spec.release,
            "revision": spec and spec.revision,
            "accuracy": spec and _accuracy(settings, spec.revision),
            "unit": unit.active,
            "since": unit.since or None,
            "weight": server and (server.weight if server.admin == "ready" else 0),
            "haproxy": server and server.status,
        }
    pin, running = state.pin, state.in_progress
    return {
        "serving": state.serving,
        "slots": slots,
        "pin": pin and {"release": pin.spec.release, "revision": pin.spec.revision, "why": pin.why},
        "last_deployment": last,
        "in_progress": running and {key: getattr(running, key) for key in ("action", "phase", "slot", "by")},
        "lock": lock_holder(settings.lock_file),
        "problem": problem,
    }


def status_table(state: Status) -> str:
    """Return a status as aligned lines."""
    rows = [["slot", "serves", "release", "revision", "accuracy", "unit", "since", "weight", "haproxy"]]
    for name, slot in state["slots"].items():
        revision, accuracy = (slot["revision"] or "")[:12], slot["accuracy"] and f"{slot['accuracy']:.4f}"
        cells = [slot["release"], revision, accuracy, *(slot[key] for key in rows[0][5:])]
        serves = "yes" if state["serving"] == name else "no"
        rows.append([name, serves, *("-" if cell in (None, "") else str(cell) for cell in cells)])
    lines = [_table(rows)]
    if pin := state["pin"]:
        lines.append(f"pinned: revision {pin['revision'][:12]}, release {pin['release']}: {pin['why']}")
    if last := state["last_deployment"]:
        lines.append("last: {time} {action} by {by}: {result}. {message}".format_map(last))
    if running := state["in_progress"]:
        phase = "in progress" if state["lock"] else "killed, the next deployment recovers"
        lines.append(f"{phase}: {running['action']} by {running['by']}, step '{running['phase']}'")
    if state["problem"]:
        lines.append(state["problem"])
    return "\n".join(lines)


def history_table(entries: list[dict[str, Any]]) -> str:
    """Return lines of the journal as aligned lines."""
    rows = [["time", "by", "action", "result", "release", "revision", "seconds", "message"]]
    for entry in entries:
        to = entry["to"]
        row = {**entry, "release": to.get("release", "-"), "revision": str(to.get("revision", "-"))[:12]}
        rows.append([str(row[key]) for key in rows[0]])
    return _table(rows)


def report(settings: Settings, state: Status) -> dict[str, Any]:
    """Return the row of this host, from its status and Prometheus.

    slot, release, revision, accuracy (0 to 1), uptime_seconds, disk_free_bytes, pinned; from Prometheus
    requests_per_second, error_budget_left (by objective; 1 is the whole budget, below 0 it is exceeded),
    alerts (names) and certificate_days_left (None without HTTPS); without Prometheus these are None, and
    `problem` has the reason.
    """
    slot = state["slots"].get(state["serving"] or "", {})
    since = slot.get("since")
    row = {
        "slot": state["serving"],
        **{name: slot.get(name) for name in ("release", "revision", "accuracy")},
        "uptime_seconds": time.time() - datetime.fromisoformat(since).timestamp() if since else None,
        "disk_free_bytes": shutil.disk_usage(settings.models_dir).free,
        "pinned": bool(state["pin"]),
        **dict.fromkeys(("requests_per_second", "error_budget_left", "alerts", "certificate_days_left")),
        "problem": state["problem"],
    }
    if not settings.prometheus_url:
        return row
    instance = f'instance="{settings.prometheus_instance}"'
    where = f'job="inference", url_rule=~"/predict|/v2/.+/infer", {instance}'
    expiry = f'ml_workshop_certificate_not_after_timestamp_seconds{{job="certificate", {instance}}}'
    try:
        rate = query(settings, f"sum(rate(flask_http_request_duration_seconds_count{{{where}}}[2m]))")
        budget = query(settings, "slo:period_error_budget_remaining:ratio")
        certificate = query(settings, f"min({expiry} - time()) / 86400")
        alerts = query(settings, 'ALERTS{alertstate="firing", severity!="none"}')
    except PrometheusError as error:
        return row | {"problem": row["problem"] or str(error)}
    return row | {
        "requests_per_second": rate[0][1] if rate else 0.0,
        "error_budget_left": {labels["sloth_slo"]: value for labels, value in budget},
        "alerts": sorted({labels["alertname"] for labels, _ in alerts}),
        "certificate_days_left": certificate[0][1] if certificate else None,
    }


def _table(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _accuracy(settings: Settings, revision: str) -> float | None:
    try:
        metrics = (settings.model_dir(revision) / "metrics.json").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    accuracy = json_object(metrics).get("accuracy")
    return float(accuracy) if isinstance(accuracy, int | float) else None
