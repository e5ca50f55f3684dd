"""One step of a canary: watch the candidate under its share of the traffic."""

import time
from collections.abc import Mapping
from typing import Any

from ml_workshop.deploy.comparison import Counts, Limits, breaches
from ml_workshop.deploy.errors import DeployError, DeployRefusedError
from ml_workshop.deploy.haproxy import HAProxy, Server
from ml_workshop.deploy.prometheus import PrometheusError, slot_counts
from ml_workshop.deploy.settings import Settings

SECONDS_BETWEEN_CHECKS = 1.0

Readings = Mapping[str, Counts]


def watch_step(settings: Settings, haproxy: HAProxy, old: str, new: str, percent: int) -> str:
    """Return when the candidate has had its time and its requests, and is not worse than the old slot.

    It is compared every second: HAProxy's statistics have errors at once, Prometheus' metrics have
    everything, but only after its next scrape.

    Returns:
        A remark on what was not compared; empty if everything was.

    Raises:
        DeployRefusedError: The candidate is worse; has the figures that decide.
        DeployError: There was too little traffic to compare.
    """
    limits = _limits(settings)
    started = time.monotonic()
    remark, base = _metrics(settings, limits)
    if not remark and old not in base:
        remark = f"Prometheus has no metrics of instance {settings.prometheus_instance}"
    live_base = _statistics(haproxy.servers(), bool(remark))
    while True:
        time.sleep(SECONDS_BETWEEN_CHECKS)
        servers = haproxy.servers()
        if servers[new].status.startswith("DOWN"):
            raise DeployRefusedError(f"Canary step {percent} %: HAProxy's health check of slot {new} fails.")
        if not remark:
            remark, metrics = _metrics(settings, limits)
        live = _since(_statistics(servers, bool(remark)), live_base)
        judged = live if remark else _since(metrics, base)
        new_counts, old_counts = judged.get(new, Counts()), judged.get(old, Counts())
        if found := breaches(live[new], live[old], limits) or breaches(new_counts, old_counts, limits):
            raise DeployRefusedError(f"Canary step {percent} %: slot {new} is worse: {'; '.join(found)}.")
        elapsed = time.monotonic() - started
        if elapsed >= settings.step_seconds and new_counts.requests >= settings.step_min_requests:
            if not remark:
                return ""
            return f"{remark}: compared by HAProxy's statistics; class share and confidence were not compared"
        if elapsed > settings.step_timeout:
            raise DeployError(
                f"Canary step {percent} %: {new_counts.requests:.0f} requests in "
                f"{settings.step_timeout:g} s are too few to compare (HAProxy counted "
                f"{live[new].requests:.0f}): set deploy_steps=[100], or step_min_requests (now "
                f"{settings.step_min_requests}) or step_timeout."
            )


def _metrics(settings: Settings, limits: Limits) -> tuple[str, Readings]:
    """Return why Prometheus cannot be used, or the counts it has."""
    if not settings.prometheus_url:
        return "prometheus_url is not set", {}
    try:
        url, instance = settings.prometheus_url, settings.prometheus_instance
        return "", slot_counts(url, instance, limits.threshold_seconds, settings.prometheus_login_file)
    except PrometheusError as error:
        return str(error), {}


def _statistics(servers: Mapping[str, Server], with_times: bool) -> Readings:
    return {
        name: Counts(server.requests, server.errors, response_ms=server.response_ms if with_times else None)
        for name, server in servers.items()
    }


def _since(now: Readings, base: Readings) -> Readings:
    return {slot: counts.since(base.get(slot, Counts())) for slot, counts in now.items()}


def _limits(settings: Settings) -> Limits:
    objectives: dict[str, dict[str, Any]] = {entry["name"]: entry for entry in settings.objectives}
    try:
        return Limits(
            1 - objectives["availability"]["objective"] / 100,
            1 - objectives["latency"]["objective"] / 100,
            objectives["latency"]["threshold_seconds"],
            settings.max_class_share_difference,
            settings.max_confidence_difference,
            settings.step_min_requests,
        )
    except (KeyError, TypeError) as error:
        raise DeployError(
            f"objectives lack {error}: give availability and latency as in monitoring/slo.yml."
        ) from error
