"""What is deployed, for people and programs."""

import json
from typing import Any

from ml_workshop.deploy.errors import DeployError
from ml_workshop.deploy.haproxy import HAProxy
from ml_workshop.deploy.lock import lock_holder
from ml_workshop.deploy.settings import SLOTS, Settings
from ml_workshop.deploy.state import State, read_journal, read_state
from ml_workshop.deploy.systemd import unit_state


def status(settings: Settings) -> dict[str, Any]:
    """Return serving, slots, pin, last_deployment, in_progress and lock."""
    state = read_state(settings.state_dir) or State()
    try:
        servers, problem = HAProxy(settings.haproxy_socket, settings.haproxy_state_file, 0).servers(), ""
    except DeployError as error:
        servers, problem = {}, str(error)
    slots = {}
    for slot in SLOTS:
        spec, unit, server = state.slots[slot], unit_state(slot), servers.get(slot)
        slots[slot] = {
            "release": spec.release if spec else None,
            "revision": spec.revision if spec else None,
            "accuracy": _accuracy(settings, spec.revision) if spec else None,
            "unit": unit.active,
            "since": unit.since or None,
            "weight": server.weight if server and server.admin == "ready" else 0 if server else None,
            "haproxy": server.status if server else None,
        }
    progress, pin = state.in_progress, state.pin
    return {
        "serving": state.serving,
        "slots": slots,
        "pin": pin and {"release": pin.spec.release, "revision": pin.spec.revision, "why": pin.why},
        "last_deployment": next(iter(read_journal(settings.state_dir, 1)), None),
        "in_progress": progress
        and {"action": progress.action, "phase": progress.phase, "slot": progress.slot, "by": progress.by},
        "lock": lock_holder(settings.lock_file),
        "problem": problem or None,
    }


def status_table(state: dict[str, Any]) -> str:
    """Return a status as aligned lines."""
    rows = [["slot", "serves", "release", "revision", "accuracy", "unit", "since", "weight", "haproxy"]]
    for name, slot in state["slots"].items():
        revision, accuracy = (slot["revision"] or "")[:12], slot["accuracy"] and f"{slot['accuracy']:.4f}"
        cells = [slot["release"], revision, accuracy, *(slot[key] for key in rows[0][5:])]
        serves = "yes" if state["serving"] == name else "no"
        rows.append([name, serves, *("-" if cell in (None, "") else str(cell) for cell in cells)])
    lines = [table(rows)]
    if pin := state["pin"]:
        lines.append(f"pinned: revision {pin['revision'][:12]}, release {pin['release']}: {pin['why']}")
    if last := state["last_deployment"]:
        lines.append("last: {time} {action} by {by}: {result}. {message}".format_map(last))
    if progress := state["in_progress"]:
        running = "in progress" if state["lock"] else "killed, the next deployment recovers"
        lines.append(f"{running}: {progress['action']} by {progress['by']}, step '{progress['phase']}'")
    if state["problem"]:
        lines.append(state["problem"])
    return "\n".join(lines)


def history_table(entries: list[dict[str, Any]]) -> str:
    """Return lines of the journal as aligned lines."""
    rows = [["time", "by", "action", "result", "release", "revision", "seconds", "message"]]
    for entry in entries:
        to = {"release": "", "revision": "", **entry["to"]}
        row = {**entry, "release": to["release"] or "-", "revision": to["revision"][:12] or "-"}
        rows.append([str(row[key]) for key in rows[0]])
    return table(rows)


def table(rows: list[list[str]]) -> str:
    """Return rows with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _accuracy(settings: Settings, revision: str) -> float | None:
    try:
        accuracy = json.loads((settings.model_dir(revision) / "metrics.json").read_text("utf-8"))["accuracy"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return float(accuracy) if isinstance(accuracy, int | float) else None
