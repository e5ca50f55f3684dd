"""Tests of the rules that are generated from slo.yml, for any objective."""

from dataclasses import dataclass
from functools import partial
from itertools import accumulate

from workshop_monitoring.rule_tests import Fires, Query, Recording, Scenario
from workshop_monitoring.slo import AVAILABILITY, Slo

_HOUR, _DAY = 60, 1440  # minutes


@dataclass(frozen=True)
class Phase:
    """Minutes with `rate` predictions each, of which a share (0 to 1) fails."""

    minutes: int
    rate: float
    failed: float = 0


@dataclass(frozen=True)
class Pair:
    """Two windows of an alert.

    Attributes:
        severity: Severity of the alert.
        name: Name of the long window.
        factor_of_30_days: Burn rate at which the alert fires, for 30 days (Site Reliability Workbook).
        long: Long window, minutes.
        before: Factor of predictions in the hours before, so that no longer window fires.
        interval: Time between two samples, minutes.
    """

    severity: str
    name: str
    factor_of_30_days: float
    long: int
    before: int
    interval: int

    @property
    def short(self) -> int:
        """Short window, minutes."""
        return self.long // 12

    @property
    def every(self) -> int:
        """Minutes between two evaluations."""
        return max(self.short, 10)

    def factor(self, slo: Slo) -> float:
        """Burn rate at which the alert fires."""
        return self.factor_of_30_days * slo.window_days / 30


PAIRS = (
    Pair("page", "1h", 14.4, 1 * _HOUR, before=60, interval=1),
    Pair("page", "6h", 6, 6 * _HOUR, before=60, interval=5),
    Pair("ticket", "1d", 3, 1 * _DAY, before=60, interval=10),
    Pair("ticket", "3d", 1, 3 * _DAY, before=1, interval=30),
)


def recordings(slo: Slo) -> tuple[Recording, ...]:
    """Tests of the recording rules over requests."""
    # Failures in the last ten minutes only: each window dilutes them by its length.
    windows = {"5m": 5, "30m": 30, "1h": _HOUR, "2h": 2 * _HOUR, "6h": 6 * _HOUR, "1d": _DAY, "3d": 3 * _DAY}
    last = 3 * _DAY
    share = {name: 0.6 * min(10 / minutes, 1) for name, minutes in windows.items()}
    burst = _traffic(slo, [Phase(last - 10, 10), Phase(10, 10, 0.6)], interval=1)
    return (
        Recording(
            "Error ratios are shares of predictions in their window, and health checks are none",
            burst | _noise(last),
            tuple(
                # Versions of Prometheus differ in whether a window holds the sample at its very beginning.
                Query(
                    f"abs(slo:sli_error:ratio_rate{name} / {share[name]:g} - 1) < bool 0.05",
                    f"{last}m",
                    {_labels(slo, sloth_window=name): 1},
                )
                for name in windows
            ),
        ),
        Recording(
            "Without predictions there is no ratio, not a division by zero",
            _traffic(slo, [Phase(60, 10), Phase(60, 0)], interval=1) | _noise(120),
            (Query("slo:sli_error:ratio_rate5m", "120m"), Query("slo:current_burn_rate:ratio", "120m")),
        ),
        Recording(
            "Predictions of which none ever failed have a ratio of zero",
            {
                series: samples
                for series, samples in _traffic(slo, [Phase(60, 10)], interval=1).items()
                if 'status="500"' not in series
            },
            (
                Query(
                    "slo:sli_error:ratio_rate5m", "60m", {_name(slo, "slo:sli_error:ratio_rate5m", "5m"): 0}
                ),
            ),
        ),
        Recording(
            "Predictions that all failed have a ratio of one",
            {
                series: samples
                for series, samples in _traffic(slo, [Phase(60, 10, 1)], interval=1).items()
                if slo.name != AVAILABILITY or 'status="200"' not in series
            },
            (
                Query(
                    "slo:sli_error:ratio_rate5m", "60m", {_name(slo, "slo:sli_error:ratio_rate5m", "5m"): 1}
                ),
            ),
        ),
    )


def gateway_errors(slo: Slo) -> tuple[Recording, ...]:
    """Tests of what the gateway answers with a 5xx because no slot does."""
    front, host = 'job="gateway", instance="front:8405"', 'job="gateway", instance="a:8405", tier="host"'
    firing = f'ALERTS{{alertname="{_alert(slo)}", alertstate="firing", severity="page"}}'
    ratio = {_labels(slo, sloth_window="5m"): 1}
    left = {_labels(slo, sloth_window=f"{slo.window_days}d"): 1}
    return (
        Recording(
            "All slots are down for ten minutes: a page, and the error budget goes down",
            {series: f"{samples} stale" for series, samples in _traffic(slo, [Phase(60, 10)], 1).items()}
            | {_responses("frontend", front, "http"): "0x60 10+10x9"}
            | {_responses("server", front, "inference", server="wait"): "0x60 10+10x9"},
            (
                Query(f"count({firing})", "60m"),
                Query("slo:period_error_budget_remaining:ratio == bool 1", "60m", left),
                Query(f"count({firing})", "70m", {"{}": 1}),
                Query("slo:sli_error:ratio_rate5m == bool 1", "70m", ratio),
                Query("slo:period_error_budget_remaining:ratio < bool 0", "70m", left),
            ),
        ),
        Recording(
            "Behind a gateway host, each failed request counts once, and its health checks do not",
            # Of 14 requests a minute, a slot fails one, a host without slots three, the gateway host one.
            {
                series: f"0+{each}x60"
                for series, each in {
                    _predictions(slo, "count", "/predict", "200"): 9,
                    _predictions(slo, "count", "/predict", "500"): 1,
                    _responses("frontend", front, "http"): 5,
                    _responses("server", front, "inference", server="instance-a"): 4,
                    _responses("frontend", host, "http"): 4 + 60,
                    _responses("server", host, "inference", server="wait"): 3 + 60,
                    _responses("server", host, "inference_retry", server="blue"): 1,
                }.items()
            },
            (Query("round(slo:sli_error:ratio_rate5m * 14, 0.001)", "60m", dict.fromkeys(ratio, 5)),),
        ),
    )


def period(slo: Slo) -> tuple[Recording, ...]:
    """Tests of the rules about the whole window of the objective, with a sample every hour."""
    days, budget = slo.window_days, float(slo.error_budget)
    window, end = f"{days}d", f"{24 * (days - 1)}h"
    # Hours: without errors, then a day without predictions, then with 1.5 times the errors that are allowed.
    quiet = 24 * (days // 2)
    bad = 24 * (days - 2) - quiet + 1
    ratio = f"slo:sli_error:ratio_rate5m{_labels(slo, sloth_window='5m')}"
    series = {ratio: f"0x{quiet - 1} _x24 {1.5 * budget:g}x{bad - 1}"}
    spent = 1.5 * bad / (quiet + bad)
    constants = {
        "slo:objective:ratio": float(slo.objective / 100),
        "slo:error_budget:ratio": budget,
        "slo:time_period:days": days,
    }
    return (
        Recording(
            "The period's error ratio is the mean over the time with predictions, and eats up the budget",
            series,
            (
                Query(
                    f"round(slo:sli_error:ratio_rate{window} / {budget:g}, 0.001)",
                    end,
                    {_labels(slo, sloth_window=window): round(spent, 3)},
                ),
                Query(
                    "round(slo:period_burn_rate:ratio, 0.001)",
                    end,
                    {_labels(slo, sloth_window=window): round(spent, 3)},
                ),
                Query(
                    "round(slo:period_error_budget_remaining:ratio, 0.001)",
                    end,
                    {_labels(slo, sloth_window=window): round(1 - spent, 3)},
                ),
                Query(
                    "round(slo:current_burn_rate:ratio, 0.001)", end, {_labels(slo, sloth_window="5m"): 1.5}
                ),
            ),
            interval="1h",
        ),
        Recording(
            "The objective can be read as metrics",
            {},
            (
                *(Query(name, "0m", {_name(slo, name): value}) for name, value in constants.items()),
                Query(
                    "sloth_slo_info",
                    "0m",
                    {f"sloth_slo_info{_labels(slo, sloth_objective=str(slo.objective))}": 1},
                ),
            ),
        ),
    )


def scenarios(slo: Slo, pair: Pair, minimum_failures: int) -> tuple[Scenario, ...]:
    """Tests of a burn-rate alert: each pair of windows alone, and cases that must not fire."""
    return (
        _too_fast(slo, pair, failures=4 * minimum_failures),
        _just_enough(slo, pair, failures=1.4 * minimum_failures),
        _too_few(slo, pair, failures=0.7 * minimum_failures),
        Scenario(
            "No predictions at all, and failing health checks, are not failed predictions",
            _alert(slo),
            _traffic(slo, [Phase(pair.long, 0)], pair.interval) | _noise(pair.long // pair.interval),
            interval=f"{pair.interval}m",
            silent=(f"{pair.long}m",),
        ),
    )


def _too_fast(slo: Slo, pair: Pair, failures: float) -> Scenario:
    """Errors at 1.4 times the pair's factor, long enough, then at 0.7 times (short window)."""
    phases = _burst(slo, pair, failures)
    _, begin, full, end = _ends(phases)
    return Scenario(
        f"{1.4 * pair.factor(slo):.3g} times the allowed errors for {pair.name}: {pair.severity}",
        _alert(slo),
        _traffic(slo, phases, pair.interval),
        interval=f"{pair.interval}m",
        silent=(f"{begin + pair.long // 2}m", f"{end}m"),
        fires=_fires(slo, pair, f"{full}m"),
    )


def _just_enough(slo: Slo, pair: Pair, failures: float) -> Scenario:
    phases = _burst(slo, pair, failures)
    return Scenario(
        f"So do just enough failures of a service with little traffic within {pair.name}",
        _alert(slo),
        _traffic(slo, phases, pair.interval),
        interval=f"{pair.interval}m",
        fires=_fires(slo, pair, f"{_ends(phases)[2]}m"),
    )


def _too_few(slo: Slo, pair: Pair, failures: float) -> Scenario:
    phases = _burst(slo, pair, failures)
    return Scenario(
        f"A few failures of a service with little traffic within {pair.name} are not",
        _alert(slo),
        _traffic(slo, phases, pair.interval),
        interval=f"{pair.interval}m",
        silent=(f"{_ends(phases)[2]}m",),
    )


def _fires(slo: Slo, pair: Pair, at: str) -> Fires:
    allowed = float(slo.error_budget) * 100
    first, long, longer = {"page": (14.4, "1h", "6h"), "ticket": (3, "1d", "3d")}[pair.severity]
    threshold = first * slo.window_days / 30
    return Fires(
        at,
        {
            "severity": pair.severity,
            "sloth_severity": pair.severity,
            "sloth_id": slo.id,
            "sloth_service": slo.service,
            "sloth_slo": slo.name,
        },
        f"{slo.service} spends its error budget for {slo.name} too fast",
        f"{1.4 * pair.factor(slo) * allowed:.4g}% of predictions failed over {long} (or, when that is less "
        f"than {threshold * allowed:g} %, over {longer}); the objective allows {allowed:g} %. "
        f"Good are: {slo.description}",
    )


def _alert(slo: Slo) -> str:
    return f"{slo.service.title()}{slo.name.title()}BudgetBurn"


def _burst(slo: Slo, pair: Pair, failures: float) -> list[Phase]:
    """Clean hours, then errors with so many failures within the long window, then half as many errors."""
    share = 1.4 * pair.factor(slo) * float(slo.error_budget)
    rate = failures / (share * pair.long)
    return [
        Phase(max(pair.short, _HOUR), rate * pair.before),
        Phase(pair.long, rate),
        Phase(pair.long, rate, share),
        Phase(pair.every, rate, share / 2),
    ]


def _ends(phases: list[Phase]) -> list[int]:
    """Minute at which each phase ends."""
    return list(accumulate(phase.minutes for phase in phases))


def _traffic(slo: Slo, phases: list[Phase], interval: int) -> dict[str, str]:
    """The service's counters; failures come by the one route, everything else by the other."""
    predictions = partial(_predictions, slo)
    good = _counter([(phase.minutes, phase.rate * (1 - phase.failed)) for phase in phases], interval)
    bad = _counter([(phase.minutes, phase.rate * phase.failed) for phase in phases], interval)
    none = _counter([(_ends(phases)[-1], 0)], interval)
    one, other = "/predict", "/v2/models/<name>/infer"
    if slo.name == AVAILABILITY:
        return {predictions("count", one, "200"): good, predictions("count", other, "500"): bad}
    edge = f'le="{slo.threshold_seconds}"'
    return {
        predictions("count", one, "200"): good,
        predictions("bucket", one, "200", edge): good,
        predictions("count", other, "200"): bad,
        predictions("bucket", other, "200", edge): none,
        predictions("bucket", other, "200", 'le="+Inf"'): bad,
    }


def _predictions(slo: Slo, part: str, rule: str, status: str, *more: str) -> str:
    labels = (f'job="{slo.service}"', 'instance="a:8000"', 'method="POST"', f'status="{status}"', *more)
    return f'flask_http_request_duration_seconds_{part}{{{", ".join(labels)}, url_rule="{rule}"}}'


def _responses(what: str, gateway: str, proxy: str, server: str = "") -> str:
    """Counter of responses with a 5xx of a frontend or a server."""
    labels = f'{gateway}, proxy="{proxy}", code="5xx"' + (f', server="{server}"' if server else "")
    return f"haproxy_{what}_http_responses_total{{{labels}}}"


def _noise(samples: int) -> dict[str, str]:
    """Requests other than predictions of this service; all of them fail, slowly."""
    count = "flask_http_request_duration_seconds_count"
    return {
        f'{count}{{job="{job}", instance="a:8000", url_rule="{rule}", status="500"}}': f"0+50x{samples}"
        for job, rule in (
            ("inference", "/health/ready"),
            ("inference", "/metrics"),
            ("inference", "None"),
            ("something_else", "/predict"),
        )
    }


def _counter(steps: list[tuple[int, float]], interval: int) -> str:
    """A counter that starts at 0, in promtool's notation.

    Args:
        steps: Minutes, and increase per minute.
        interval: Minutes between two samples.
    """
    parts, value = ["0x0"], 0.0
    for minutes, rate in steps:
        count, step = minutes // interval, rate * interval
        parts.append(f"{value + step:.8g}+{step:.8g}x{count - 1}")
        value += step * count
    return " ".join(parts)


def _labels(slo: Slo, **more: str) -> str:
    labels = {"sloth_id": slo.id, "sloth_service": slo.service, "sloth_slo": slo.name, **more}
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


def _name(slo: Slo, metric: str, window: str = "") -> str:
    return metric + (_labels(slo, sloth_window=window) if window else _labels(slo))
