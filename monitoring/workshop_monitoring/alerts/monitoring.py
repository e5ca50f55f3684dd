"""Alerts on the monitoring itself."""

from workshop_monitoring.alerts import Alert, Severity

EXPECTED_JOBS = ("gateway", "inference", "node_exporter", "prometheus", "alertmanager", "locust")
"""Jobs that always have a target; load_test, certificate (HTTPS) and api_keys have one only when in use."""


def alerts() -> list[Alert]:
    """Targets, configuration, and the way that alerts take."""
    return [
        Alert(
            name="Watchdog",
            expression="vector(1)",
            severity=Severity.NONE,
            summary="Alerts are evaluated and delivered",
            description=(
                "This alert always fires; when its receiver misses it, no other alert arrives either."
            ),
            dashboard="home",
        ),
        Alert(
            name="TargetDown",
            expression='up{job!~"gateway|certificate|api_keys|inference|load_test"} == 0',
            hold="5m",
            severity=Severity.TICKET,
            summary="{{ $labels.job }} on {{ $labels.instance }} does not answer",
            description=(
                "Prometheus has got no answer from {{ $labels.job }} at {{ $labels.instance }} for "
                "five minutes."
            ),
            dashboard="hosts",
        ),
        Alert(
            name="TargetsAbsent",
            expression="\nor\n".join(f'absent(up{{job="{job}"}})' for job in EXPECTED_JOBS),
            hold="5m",
            severity=Severity.TICKET,
            summary="Prometheus has no target for {{ $labels.job }}",
            description=(
                "The job {{ $labels.job }} has had no target for five minutes, so that none of its alerts "
                "can fire; its scrape configuration is missing or lists no target."
            ),
            dashboard="home",
        ),
        Alert(
            name="PrometheusConfigReloadFailed",
            expression='prometheus_config_last_reload_successful{job="prometheus"} == 0',
            hold="5m",
            severity=Severity.TICKET,
            summary="Prometheus rejected its configuration",
            description=(
                "Prometheus at {{ $labels.instance }} still runs an older configuration than the one "
                "on disk, and cannot start with the new one."
            ),
            dashboard="home",
        ),
        Alert(
            name="PrometheusRuleFailures",
            expression='increase(prometheus_rule_evaluation_failures_total{job="prometheus"}[5m]) > 0',
            hold="5m",
            severity=Severity.TICKET,
            summary="Prometheus fails to evaluate rules",
            description=(
                "{{ $value | humanize }} evaluations of {{ $labels.rule_group }} failed within five minutes; "
                "alerts in it may not fire."
            ),
            dashboard="home",
        ),
        Alert(
            name="PrometheusNotificationsFailing",
            expression='increase(prometheus_notifications_errors_total{job="prometheus"}[5m]) > 0',
            hold="5m",
            severity=Severity.TICKET,
            summary="Prometheus cannot hand alerts to Alertmanager",
            description=(
                "{{ $value | humanize }} alerts did not reach {{ $labels.alertmanager }} within five minutes."
            ),
            dashboard="home",
        ),
        Alert(
            name="AlertmanagerNotificationsFailing",
            expression="increase(alertmanager_notifications_failed_total[5m]) > 0",
            hold="5m",
            severity=Severity.TICKET,
            summary="Alertmanager cannot deliver by {{ $labels.integration }}",
            description=(
                "{{ $value | humanize }} notifications by {{ $labels.integration }} failed within five "
                "minutes; alerts may not be delivered."
            ),
            dashboard="home",
        ),
        Alert(
            name="AlertmanagerConfigReloadFailed",
            expression="alertmanager_config_last_reload_successful == 0",
            hold="5m",
            severity=Severity.TICKET,
            summary="Alertmanager rejected its configuration",
            description=(
                "Alertmanager at {{ $labels.instance }} still runs an older configuration than the one "
                "on disk, and cannot start with the new one."
            ),
            dashboard="home",
        ),
    ]
