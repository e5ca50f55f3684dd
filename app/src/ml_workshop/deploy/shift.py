"""Move the traffic from one slot to the other."""

import time
from collections.abc import Callable

from ml_workshop.deploy.canary import watch_step
from ml_workshop.deploy.errors import DeployError
from ml_workshop.deploy.haproxy import HAProxy
from ml_workshop.deploy.reconcile import FULL_WEIGHT
from ml_workshop.deploy.settings import Settings


def shift(
    settings: Settings,
    haproxy: HAProxy,
    old: str | None,
    new: str,
    steps: list[int],
    log: Callable[[str], None],
) -> str:
    """Give a healthy slot all traffic; the other one drains.

    Args:
        settings: Of this host.
        haproxy: Has both slots.
        old: The slot that serves; None if none does.
        new: The candidate's slot.
        steps: Shares of the traffic, in percent; the last is 100.
        log: Takes progress messages.

    Returns:
        What to add to the result; often empty.

    Raises:
        DeployError: HAProxy cannot reach the candidate, or refuses.
        DeployRefusedError: The candidate is worse than the old slot.
    """
    haproxy.set_server(new, weight=0, admin="ready")
    deadline = time.monotonic() + settings.health_timeout
    while not (server := haproxy.servers()[new]).usable:
        if time.monotonic() > deadline:
            raise DeployError(
                f"HAProxy's health check of slot {new} does not pass within {settings.health_timeout:g} s "
                f"(health_timeout; status {server.status}): look at 'journalctl -u haproxy'."
            )
        time.sleep(0.05)
    note = ""
    for percent in steps[:-1]:
        if old is None or not haproxy.servers()[old].usable:
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
