"""Test files for promtool, written for each run of the tests."""

import itertools
from collections.abc import Iterable

import yaml

from workshop_monitoring.rule_files import alerts_by_file
from workshop_monitoring.rule_tests import (
    Recording,
    Scenario,
    gateway,
    hosts,
    model,
    monitoring,
    objectives,
    service,
)
from workshop_monitoring.settings import Alerting
from workshop_monitoring.slo import AVAILABILITY, Slo


def files(slos: list[Slo], settings: Alerting) -> dict[str, str]:
    """Text of each test file, by name; rules are read from ../rules."""
    texts = {}
    for slo in slos:
        name, minimum = f"slo-{slo.name}", settings.minimum_failed_requests
        # Otherwise at random, and a rule would see what another one recorded an evaluation ago.
        order = [f"sloth-slo-{kind}-{slo.id}" for kind in ("sli-recordings", "meta-recordings", "alerts")]
        # As coarse as each test permits: evaluating a month every minute would take minutes.
        parts: list[tuple[str, Iterable[Scenario | Recording], str]] = [
            ("requests", objectives.recordings(slo), "1h"),
            ("period", objectives.period(slo), "1d"),
            *([("gateway", objectives.gateway_errors(slo), "10m")] if slo.name == AVAILABILITY else []),
            *(
                (f"burn-{pair.name}", objectives.scenarios(slo, pair, minimum), f"{pair.every}m")
                for pair in objectives.PAIRS
            ),
        ]
        for part, tests, every in parts:
            texts[f"{name}-{part}.yml"] = _text(name, tests, settings, every, group_eval_order=order)
    for name, scenarios, every in (
        ("service", service.SCENARIOS, "1m"),
        ("gateway", gateway.SCENARIOS, "1m"),
        ("model", model.SCENARIOS, "6m"),
        ("hosts", hosts.SCENARIOS, "3m"),
        ("monitoring", monitoring.SCENARIOS, "1m"),
    ):
        texts[f"{name}.yml"] = _text(name, scenarios, settings, every)
    return texts


def _text(
    rules: str,
    tests: Iterable[Scenario | Recording],
    settings: Alerting,
    every: str,
    **more: list[str],
) -> str:
    alerts = itertools.chain.from_iterable(alerts_by_file(settings).values())
    dashboards = {alert.name: alert.dashboard for alert in alerts}
    content = {
        "rule_files": [f"../rules/{rules}.yml"],
        "evaluation_interval": every,
        **more,
        "tests": [test.test(settings, dashboards) for test in tests],
    }
    return yaml.safe_dump(content, sort_keys=False)
