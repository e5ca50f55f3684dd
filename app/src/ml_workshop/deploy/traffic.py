"""Traffic of the slots: shift it to a candidate, in steps; make HAProxy and systemd match the state.

Functions raise DeployRefusedError if the candidate is worse than the old slot (with the deciding numbers),
DeployError if HAProxy or systemd fails or there is too little traffic, OutputError if a file cannot be
written.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ml_workshop.deploy.comparison import Counts, Limits, breaches
from ml_workshop.deploy.haproxy import HAProxy, Server
from ml_workshop.deploy.prometheus import PrometheusError, slot_counts
from ml_workshop.deploy.records import Deployment, State
from ml_workshop.deploy.settings import SLOTS, Settings
from ml_workshop.deploy.slots import enable_unit, stop_unit, unit_state, write_slot_files
from ml_workshop.errors import DeployError, DeployRefusedError

FULL_WEIGHT = 100
SECONDS_BETWEEN_CHECKS = 1.0

Readings = Mapping[str, Counts]


def shift(
    settings: Settings, haproxy: HAProxy, old: str | None, deployment: Deployment, log: Callable[[str], None]
) -> str:
    """Shift the traffic from slot `old` (None: no slot serves) to the candidate's in steps; drain `old`.

    Returns:
        A note for the result; often empty.
    """
    new = deployment.slot
    haproxy.set_server(new, weight=0, admin="ready")
    deadline = time.monotonic() + settings.health_timeout
    while not (server := haproxy.servers()[new]).usable:
        if time.monotonic() > deadline:
            raise DeployError(
                f"HAProxy's health check of slot {new} does not pass within {settings.health_timeout:g} s "
                f"(health_timeout; status {server.status}): run 'journalctl -u haproxy'."
            )
        time.sleep(0.05)
    note = ""
    for percent in deployment.steps[:-1]:
        if old is None or haproxy.servers()[old].down:
            note = "all traffic at once: no other slot to compare with"
            break
        log(f"Shift: {percent} % to slot {new}.")
        haproxy.set_server(new, weight=percent)
        haproxy.set_server(old, weight=100 - percent)
        note = watch_step(settings, haproxy, old, new, percent) or note
    haproxy.set_server(new, weight=FULL_WEIGHT)
    if old:
        haproxy.set_server(old, admin="drain")
    return note


def reconcile(settings: Settings, haproxy: HAProxy, state: State) -> list[str]:
    """Give the serving slot all traffic, drain and stop the other one, and restore the slots' files.

    Returns:
        A phrase for each change; empty if nothing differed from the state.
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
        if slot != state.serving and retire(settings, haproxy, slot):
            changes.append(f"slot {slot} is stopped")
        spec = state.slots[slot]
        if (spec or slot != state.serving) and write_slot_files(settings, slot, spec):
            changes.append(f"files of slot {slot} are {'restored' if spec else 'removed'}")
    if haproxy.save_state():
        changes.append("HAProxy's state file is written")
    return changes


def retire(settings: Settings, haproxy: HAProxy, slot: str) -> bool:
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


def watch_step(settings: Settings, haproxy: HAProxy, old: str, new: str, percent: int) -> str:
    """Wait until the step has lasted its time and had its requests, and the candidate is not worse.

    Compares once per second: HAProxy's statistics have errors at once; Prometheus has all metrics, but only
    after its next scrape.

    Returns:
        A note on what was not compared; empty if everything was.
    """
    limits = _limits(settings)
    started = time.monotonic()
    problem, base = _prometheus_counts(settings, limits)
    if not problem and old not in base:
        problem = f"Prometheus has no metrics of instance {settings.prometheus_instance}"
    haproxy_base = _haproxy_counts(haproxy.servers(), bool(problem))
    while True:
        time.sleep(SECONDS_BETWEEN_CHECKS)
        servers = haproxy.servers()
        if servers[new].down:
            raise DeployRefusedError(f"Canary step {percent} %: HAProxy's health check of slot {new} fails.")
        prometheus_counts: Readings = {}
        if not problem:
            problem, prometheus_counts = _prometheus_counts(settings, limits)
        haproxy_counts = _since(_haproxy_counts(servers, bool(problem)), haproxy_base)
        compared = haproxy_counts if problem else _since(prometheus_counts, base)
        new_counts, old_counts = compared.get(new, Counts()), compared.get(old, Counts())
        found = breaches(haproxy_counts[new], haproxy_counts[old], limits)
        found = found or breaches(new_counts, old_counts, limits)
        if found:
            raise DeployRefusedError(f"Canary step {percent} %: slot {new} is worse: {'; '.join(found)}.")
        elapsed = time.monotonic() - started
        if elapsed >= settings.step_seconds and new_counts.requests >= settings.step_min_requests:
            if not problem:
                return ""
            return (
                f"{problem}: compared by HAProxy's statistics; class share and confidence were not compared"
            )
        if elapsed > settings.step_timeout:
            raise DeployError(
                f"Canary step {percent} %: {new_counts.requests:.0f} requests in "
                f"{settings.step_timeout:g} s are too few to compare (HAProxy counted "
                f"{haproxy_counts[new].requests:.0f}): deploy without steps, lower step_min_requests (now "
                f"{settings.step_min_requests}), or raise step_timeout."
            )


def _prometheus_counts(settings: Settings, limits: Limits) -> tuple[str, Readings]:
    """Return why Prometheus cannot be used (empty if it can), and its counts."""
    if not settings.prometheus_url:
        return "prometheus_url is not set", {}
    try:
        return "", slot_counts(settings, limits.threshold_seconds)
    except PrometheusError as error:
        return str(error), {}


def _haproxy_counts(servers: Mapping[str, Server], with_times: bool) -> Readings:
    return {
        name: Counts(server.requests, server.errors, response_ms=server.response_ms if with_times else None)
        for name, server in servers.items()
    }


def _since(now: Readings, base: Readings) -> Readings:
    return {slot: counts.since(base.get(slot, Counts())) for slot, counts in now.items()}


def _limits(settings: Settings) -> Limits:
    try:
        objectives: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in settings.objectives}
        errors, slow = (1 - objectives[name]["objective"] / 100 for name in ("availability", "latency"))
        threshold = objectives["latency"]["threshold_seconds"]
    except (KeyError, TypeError) as error:
        raise DeployError(
            f"objectives lack {error}: give availability and latency as in monitoring/slo.yml."
        ) from error
    differences = settings.max_class_share_difference, settings.max_confidence_difference
    return Limits(errors, slow, threshold, *differences, settings.step_min_requests)
