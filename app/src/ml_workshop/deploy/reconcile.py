"""Make HAProxy, systemd and the slots' files what the state says they are."""

import time

from ml_workshop.deploy.haproxy import HAProxy
from ml_workshop.deploy.settings import SLOTS, Settings
from ml_workshop.deploy.slots import write_slot_files
from ml_workshop.deploy.state import State
from ml_workshop.deploy.systemd import enable_unit, stop_unit, unit_state

FULL_WEIGHT = 100


def reconcile(settings: Settings, haproxy: HAProxy, state: State) -> list[str]:
    """Give the serving slot all traffic, and drain and stop the other one.

    Run after a deployment, after a failed or killed one, and when there is nothing to deploy.

    Returns:
        What had to be changed; empty if everything was as it should be.

    Raises:
        DeployError: HAProxy or systemd refused.
        OutputError: A file cannot be written.
    """
    changes = []
    if state.serving:
        server = haproxy.servers()[state.serving]
        if (server.admin, server.weight) != ("ready", FULL_WEIGHT):
            haproxy.set_server(state.serving, weight=FULL_WEIGHT, admin="ready")
            changes.append(f"slot {state.serving} has all traffic")
        if not unit_state(state.serving).enabled:
            enable_unit(state.serving, True)
            changes.append(f"slot {state.serving} is enabled")
    for slot in SLOTS:
        if slot != state.serving and _retire(settings, haproxy, slot):
            changes.append(f"slot {slot} is stopped")
        spec = state.slots[slot]
        if (spec or slot != state.serving) and write_slot_files(settings, slot, spec):
            changes.append(
                f"files of slot {slot} are restored" if spec else f"files of slot {slot} are removed"
            )
    if haproxy.save_state():
        changes.append("HAProxy's state file is written")
    return changes


def _retire(settings: Settings, haproxy: HAProxy, slot: str) -> bool:
    """Drain, stop and disable a slot; return whether anything had to be done."""
    unit, server = unit_state(slot), haproxy.servers()[slot]
    if server.admin != "maint":
        if unit.active == "active":
            haproxy.set_server(slot, admin="drain")
            deadline = time.monotonic() + settings.drain_timeout
            while haproxy.servers()[slot].sessions and time.monotonic() < deadline:
                time.sleep(0.05)
        haproxy.set_server(slot, admin="maint")
    if unit.active != "inactive":
        stop_unit(slot)
    if unit.enabled:
        enable_unit(slot, False)
    return server.admin != "maint" or unit.active != "inactive" or unit.enabled
