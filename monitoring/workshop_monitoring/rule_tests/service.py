"""Tests of the alerts on the inference service."""

from workshop_monitoring.rule_tests import Fires, Scenario

_A, _C = 'instance="instance-a:8405"', 'instance="instance-c:8405"'
_LABELS = {"job": "inference", "instance": "instance-a:8405"}


def _gateway(instance: str, up: str = "1x60") -> dict[str, str]:
    return {f'up{{job="gateway", tier="front", {instance}}}': up}


def _active(instance: str, servers: str = "1x60") -> dict[str, str]:
    selector = f'job="gateway", tier="front", {instance}, proxy="inference"'
    other = f'job="gateway", tier="front", {instance}, proxy="slot_green"'
    return {
        f"haproxy_backend_active_servers{{{selector}}}": servers,
        f"haproxy_backend_active_servers{{{other}}}": "0x60",
    }


def _slots(instance: str, blue: str = "1x60", green: str = "1x60") -> dict[str, str]:
    return {
        f'up{{job="inference", {instance}, slot="{slot}"}}': up
        for slot, up in (("blue", blue), ("green", green))
    }


def _model(instance: str, slot: str, samples: str = "1x60") -> dict[str, str]:
    return {f'ml_workshop_model_info{{job="inference", {instance}, slot="{slot}"}}': samples}


_OTHER_HOST = _gateway(_C) | _active(_C) | _slots(_C) | _model(_C, "green")
_DOWN = (
    "The inference service behind instance-a:8405 is down",
    "For a minute the metrics of the gateway instance-a:8405 have not answered, "
    "or it has had no usable slot; clients of this gateway get no prediction.",
)

SCENARIOS = (
    Scenario(
        "A gateway that is stopped for a minute pages, and no longer when it is back",
        "InferenceDown",
        _OTHER_HOST | _gateway(_A, "1x4 0x4 1x10") | _active(_A, "1x4 stale _x3 1x10"),
        silent=("4m", "5m", "10m"),
        fires=Fires("6m", _LABELS | {"severity": "page"}, *_DOWN),
    ),
    Scenario(
        "A gateway without a usable slot pages after a minute",
        "InferenceDown",
        _OTHER_HOST | _gateway(_A) | _active(_A, "1x4 0x4 1x10"),
        silent=("4m", "5m", "10m"),
        fires=Fires("6m", _LABELS | {"severity": "page"}, *_DOWN),
    ),
    Scenario(
        "A switch of slots and another job that is down do not page",
        "InferenceDown",
        _gateway(_A)
        | _active(_A, "1x4 2x4 1x10")
        | _slots(_A, blue="1x4 0x20")
        | {'up{job="node_exporter", instance="instance-a:9100"}': "0x20"},
        silent=("4m", "8m", "20m"),
    ),
    Scenario(
        "A slot that serves without the metrics of its model for five minutes is reported",
        "InferenceMetricsAbsent",
        _OTHER_HOST | _gateway(_A) | _active(_A) | _slots(_A) | _model(_A, "blue", "1x4 stale"),
        silent=("4m", "9m"),
        fires=Fires(
            "10m",
            _LABELS | {"severity": "ticket"},
            "The inference service on instance-a:8405 serves without its own metrics",
            "A slot of instance-a:8405 serves, but neither slot's metrics have "
            "ml_workshop_model_info; alerts on the model and on the objectives are blind for this host.",
        ),
    ),
    Scenario(
        "Slots whose scrapes fail are reported as well",
        "InferenceMetricsAbsent",
        _gateway(_A) | _active(_A) | _slots(_A, blue="0x60", green="0x60"),
        fires=Fires(
            "5m",
            _LABELS | {"severity": "ticket"},
            "The inference service on instance-a:8405 serves without its own metrics",
            "A slot of instance-a:8405 serves, but neither slot's metrics have "
            "ml_workshop_model_info; alerts on the model and on the objectives are blind for this host.",
        ),
    ),
    Scenario(
        "An idle slot, and a gateway before several hosts, have no model and are not reported",
        "InferenceMetricsAbsent",
        _OTHER_HOST | _gateway(_A) | _active(_A, "3x60"),
        silent=("20m",),
    ),
    Scenario(
        "A host without a usable slot is not reported once more for its metrics",
        "InferenceMetricsAbsent",
        _gateway(_A) | _active(_A, "0x60") | _slots(_A),
        silent=("20m",),
    ),
    Scenario(
        "A host whose gateway is down is not reported once more for its metrics",
        "InferenceMetricsAbsent",
        _gateway(_A, "0x60") | _slots(_A, blue="0x60", green="0x60"),
        silent=("20m",),
    ),
    Scenario(
        "Metric files that pile up for a quarter of an hour are reported",
        "TooManyMetricFiles",
        {f'ml_workshop_metric_files{{job="inference", {_A}, slot="blue"}}': "300x4 600x30"},
        silent=("4m", "19m"),
        fires=Fires(
            "20m",
            _LABELS | {"slot": "blue", "severity": "ticket"},
            "Metric files pile up on instance-a:8405",
            "600 files are read at each scrape of slot blue of instance-a:8405, 400 are many; "
            "each worker process that dies leaves its own behind.",
        ),
    ),
    Scenario(
        "As many metric files as a large machine has stay unmentioned",
        "TooManyMetricFiles",
        {f'ml_workshop_metric_files{{job="inference", {_A}, slot="blue"}}': "300x60"},
        silent=("60m",),
    ),
)
