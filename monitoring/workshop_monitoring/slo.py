"""Service level objectives, read from monitoring/slo.yml and validated."""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from workshop_monitoring.settings import SettingsError, check_keys, is_number, read_mapping, require

EDGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Bucket edges of the service's request duration, in seconds; answers can be counted only at an edge."""

AVAILABILITY = "availability"
LATENCY = "latency"


@dataclass(frozen=True)
class Slo:
    """One objective of a service.

    Attributes:
        service: Name of the service, and of Prometheus' job.
        name: "availability" or "latency".
        objective: Percent of requests that have to be good.
        window_days: Period of the objective, in days.
        description: Definition of a good request.
        threshold_seconds: Latency of a good request at most; None for availability.
    """

    service: str
    name: str
    objective: Decimal
    window_days: int
    description: str
    threshold_seconds: float | None = None

    @property
    def error_budget(self) -> Decimal:
        """Share (0 to 1) of requests that may fail."""
        return (100 - self.objective) / 100

    @property
    def id(self) -> str:
        """Name of the objective among those of all services."""
        return f"{self.service}-{self.name}"

    @property
    def labels(self) -> dict[str, str]:
        """Labels of its series, named as in sloth."""
        return {
            "sloth_id": self.id,
            "sloth_service": self.service,
            "sloth_slo": self.name,
        }

    @property
    def selector(self) -> str:
        """PromQL selector of its series, without the name of a metric."""
        return f'{{sloth_id="{self.id}"}}'


def load(path: Path) -> list[Slo]:
    """Read slo.yml.

    Raises:
        SettingsError: One sentence about the first mistake.
    """
    found = read_mapping(path)
    file = path.name
    check_keys(found, ["service", "window", "objectives"], file)
    service, window, objectives = found["service"], found["window"], found["objectives"]
    require(
        isinstance(service, str) and re.fullmatch("[a-z][a-z0-9_-]*", service) is not None,
        f"{file}: service is {service!r}; set it to the job in Prometheus, for example inference.",
    )
    days = re.fullmatch("([1-9][0-9]*)d", str(window))
    if not days or not 7 <= int(days[1]) <= 90:
        raise SettingsError(f"{file}: window is {window!r}; set it to 7 to 90 days, for example 30d.")
    require(
        isinstance(objectives, list) and len(objectives) > 0,
        f"{file}: objectives is empty; list at least one, for example name: {AVAILABILITY}, objective: 99.9.",
    )
    slos = [
        _objective(entry, service, int(days[1]), f"{file}, objective {number}")
        for number, entry in enumerate(objectives, 1)
    ]
    for name in (AVAILABILITY, LATENCY):
        require(
            [slo.name for slo in slos].count(name) <= 1,
            f"{file} has two objectives named {name}; keep one of them.",
        )
    return slos


def _objective(entry: object, service: str, window_days: int, where: str) -> Slo:
    if not isinstance(entry, dict):
        raise SettingsError(f"{where} has to be keys and values, such as 'name: {AVAILABILITY}'.")
    check_keys(entry, ["name", "objective", "description"], where, optional=["threshold_seconds"])
    name, objective, threshold = entry["name"], entry["objective"], entry.get("threshold_seconds")
    require(name in (AVAILABILITY, LATENCY), f"{where}: name is {name!r}; set {AVAILABILITY} or {LATENCY}.")
    require(
        is_number(objective) and 95 <= objective < 100,
        f"{where}: objective is {objective!r}; set a percentage from 95 to below 100, for example 99.9 "
        "(100 leaves no request that may fail, and below 95 errors cannot be fast enough to page).",
    )
    require(
        isinstance(entry["description"], str) and bool(entry["description"].strip()),
        f"{where}: description is {entry['description']!r}; describe a good request in a sentence.",
    )
    if name == AVAILABILITY:
        require(threshold is None, f"{where}: threshold_seconds means nothing for {AVAILABILITY}; remove it.")
    else:
        edges = ", ".join(f"{edge:g}" for edge in EDGES)
        require(
            is_number(threshold) and threshold in EDGES,
            f"{where}: threshold_seconds is {threshold!r}; set one of the service's bucket edges ({edges}).",
        )
    return Slo(
        service=service,
        name=name,
        objective=Decimal(str(objective)),
        window_days=window_days,
        description=entry["description"].strip(),
        threshold_seconds=None if threshold is None else float(threshold),
    )
