"""Rule files of Prometheus."""

from typing import Any

from workshop_monitoring.alerts import Alert, burn_rate, gateway, hosts, model, monitoring, service
from workshop_monitoring.recording_rules import metadata_rules, sli_rules
from workshop_monitoring.settings import Alerting
from workshop_monitoring.slo import Slo
from workshop_monitoring.yaml_text import to_yaml


def files(slos: list[Slo], settings: Alerting) -> dict[str, str]:
    """Text of each file of the directory rules, by path below monitoring/."""
    texts = {f"rules/slo-{slo.name}.yml": _objective(slo, settings) for slo in slos}
    for name, alerts in alerts_by_file(settings).items():
        source = f"workshop_monitoring/alerts/{name}.py and alerting.yml"
        texts[f"rules/{name}.yml"] = to_yaml({"groups": [_alerts(name, alerts, settings)]}, source)
    return texts


def alerts_by_file(settings: Alerting) -> dict[str, list[Alert]]:
    """Alerts other than those of the objectives, by the name of their rule file."""
    return {
        "service": service.alerts(settings),
        "gateway": gateway.alerts(settings),
        "model": model.alerts(settings),
        "hosts": hosts.alerts(),
        "monitoring": monitoring.alerts(),
    }


def _objective(slo: Slo, settings: Alerting) -> str:
    groups = [
        _group(f"sloth-slo-sli-recordings-{slo.id}", sli_rules(slo)),
        _group(f"sloth-slo-meta-recordings-{slo.id}", metadata_rules(slo)),
        _alerts(f"sloth-slo-alerts-{slo.id}", burn_rate.alerts(slo, settings), settings),
    ]
    return to_yaml({"groups": groups}, "slo.yml")


def _alerts(name: str, alerts: list[Alert], settings: Alerting) -> dict[str, Any]:
    return _group(name, [alert.rule(settings) for alert in alerts])


def _group(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name, "rules": rules}
