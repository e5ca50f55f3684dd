"""Tests of the alerts on the monitoring itself."""

from workshop_monitoring.rule_tests import Fires, Scenario

_PROMETHEUS = 'job="prometheus", instance="localhost:9090"'
_PROMETHEUS_LABELS = {"job": "prometheus", "instance": "localhost:9090"}
_ALERTMANAGER = 'job="alertmanager", instance="localhost:9093"'
_ALERTMANAGER_LABELS = {"job": "alertmanager", "instance": "localhost:9093"}
_TICKET = {"severity": "ticket"}


_JOBS = ("gateway", "inference", "node_exporter", "prometheus", "alertmanager", "locust")


def _up(*jobs: str) -> dict[str, str]:
    return {f'up{{job="{job}", instance="host:1"}}': "1x20" for job in jobs}


SCENARIOS = (
    Scenario(
        "The watchdog always barks",
        "Watchdog",
        {},
        fires=tuple(
            Fires(
                at,
                {"severity": "none"},
                "Alerts are evaluated and delivered",
                "This alert always fires; when its receiver misses it, no other alert arrives either.",
            )
            for at in ("0m", "10m")
        ),
    ),
    Scenario(
        "A target that is down for five minutes is reported",
        "TargetDown",
        {'up{job="node_exporter", instance="instance-b:9100"}': "1x4 0x20"} | _up("prometheus"),
        silent=("4m", "9m"),
        fires=Fires(
            "10m",
            {"job": "node_exporter", "instance": "instance-b:9100"} | _TICKET,
            "node_exporter on instance-b:9100 does not answer",
            "Prometheus has got no answer from node_exporter at instance-b:9100 for five minutes.",
        ),
    ),
    Scenario(
        "The service pages by itself, and a load test is down when it does not run",
        "TargetDown",
        {
            'up{job="gateway", instance="instance-a:8405"}': "0x20",
            'up{job="inference", instance="instance-a:8405", slot="blue"}': "0x20",
            'up{job="inference", instance="instance-a:8405", slot="green"}': "0x20",
            'up{job="load_test", instance="instance-b:8089"}': "0x20",
        },
        silent=("20m",),
    ),
    *(
        Scenario(
            f"The job {missing} without a target is reported after five minutes",
            "TargetsAbsent",
            _up(*(job for job in _JOBS if job != missing)),
            silent=("4m",),
            fires=Fires(
                "5m",
                {"job": missing} | _TICKET,
                f"Prometheus has no target for {missing}",
                f"The job {missing} has had no target for five minutes, so that none of its alerts can "
                "fire; its scrape configuration is missing or lists no target.",
            ),
        )
        for missing in _JOBS
    ),
    Scenario(
        "A target that is down is not absent",
        "TargetsAbsent",
        _up(*_JOBS) | {'up{job="inference", instance="host:1"}': "0x20"},
        silent=("20m",),
    ),
    Scenario(
        "A configuration that Prometheus refused is reported after five minutes",
        "PrometheusConfigReloadFailed",
        {f"prometheus_config_last_reload_successful{{{_PROMETHEUS}}}": "1x4 0x20"},
        silent=("4m", "9m"),
        fires=Fires(
            "10m",
            _PROMETHEUS_LABELS | _TICKET,
            "Prometheus rejected its configuration",
            "Prometheus at localhost:9090 still runs an older configuration than the one on disk, "
            "and cannot start with the new one.",
        ),
    ),
    Scenario(
        "Rules that fail for five minutes are reported, by group",
        "PrometheusRuleFailures",
        {
            f'prometheus_rule_evaluation_failures_total{{{_PROMETHEUS}, rule_group="model"}}': "0x5 5+5x20",
            f'prometheus_rule_evaluation_failures_total{{{_PROMETHEUS}, rule_group="hosts"}}': "3x30",
        },
        silent=("5m", "10m"),
        fires=Fires(
            "11m",
            _PROMETHEUS_LABELS | {"rule_group": "model"} | _TICKET,
            "Prometheus fails to evaluate rules",
            "25 evaluations of model failed within five minutes; alerts in it may not fire.",
        ),
    ),
    Scenario(
        "Alerts that do not reach Alertmanager for five minutes are reported",
        "PrometheusNotificationsFailing",
        {
            f'prometheus_notifications_errors_total{{{_PROMETHEUS}, alertmanager="http://b"}}': "0x5 2+2x20",
            f'prometheus_notifications_errors_total{{{_PROMETHEUS}, alertmanager="http://c"}}': "7x30",
        },
        silent=("5m", "10m"),
        fires=Fires(
            "11m",
            _PROMETHEUS_LABELS | {"alertmanager": "http://b"} | _TICKET,
            "Prometheus cannot hand alerts to Alertmanager",
            "10 alerts did not reach http://b within five minutes.",
        ),
    ),
    Scenario(
        "Notifications that cannot be delivered for five minutes are reported",
        "AlertmanagerNotificationsFailing",
        {
            f'alertmanager_notifications_failed_total{{{_ALERTMANAGER}, integration="email"}}': "0x5 1+1x20",
            f'alertmanager_notifications_failed_total{{{_ALERTMANAGER}, integration="slack"}}': "7x30",
        },
        silent=("5m", "10m"),
        fires=Fires(
            "11m",
            _ALERTMANAGER_LABELS | {"integration": "email"} | _TICKET,
            "Alertmanager cannot deliver by email",
            "5 notifications by email failed within five minutes; alerts may not be delivered.",
        ),
    ),
    Scenario(
        "A configuration that Alertmanager refused is reported after five minutes",
        "AlertmanagerConfigReloadFailed",
        {f"alertmanager_config_last_reload_successful{{{_ALERTMANAGER}}}": "1x4 0x20"},
        silent=("4m", "9m"),
        fires=Fires(
            "10m",
            _ALERTMANAGER_LABELS | _TICKET,
            "Alertmanager rejected its configuration",
            "Alertmanager at localhost:9093 still runs an older configuration than the one on disk, "
            "and cannot start with the new one.",
        ),
    ),
)
