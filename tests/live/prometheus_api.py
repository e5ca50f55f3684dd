"""The HTTP API of a Prometheus, queried like a dashboard does."""

import time
from typing import Any

import requests
import yaml
from workshop_monitoring.board import Kind, Query
from workshop_monitoring.promql import fill


class Api:
    """The HTTP API of a Prometheus."""

    def __init__(self, address: str, login: tuple[str, str]) -> None:
        self._address = address
        self._session = requests.Session()
        self._session.auth = login

    def get(self, path: str, **parameters: object) -> Any:
        """The data of an answer.

        Raises:
            AssertionError: Prometheus rejected the request.
        """
        result = self._session.get(f"{self._address}/api/v1/{path}", params=parameters, timeout=30).json()
        assert result["status"] == "success", result["error"]
        return result["data"]

    def scrape_interval(self) -> int:
        """Longest time between two scrapes of a job, in seconds."""
        jobs = yaml.safe_load(self.get("status/config")["yaml"])["scrape_configs"]
        return max(seconds(job["scrape_interval"]) for job in jobs)

    def values(self, query: str, variables: dict[str, str]) -> list[str]:
        """Return the values of a variable with the query label_values(series, label), as in Grafana."""
        selector, _, label = query.removeprefix("label_values(").removesuffix(")").rpartition(", ")
        return list(self.get(f"label/{label}/values", **{"match[]": fill(selector, variables)}))

    def query(self, query: Query, kind: Kind, variables: dict[str, str], step: int) -> Any:
        """The answer to a query, over ten minutes unless it is for a table."""
        expression = fill(query.expression, variables)
        if kind is Kind.TABLE:
            return self.get("query", query=expression)
        now = time.time()
        return self.get("query_range", query=expression, start=now - 600, end=now, step=step)


def seconds(duration: str) -> int:
    """Prometheus' way to write a duration, such as 1m30s."""
    sizes = {"s": 1, "m": 60, "h": 3600}
    number, total = "", 0
    for character in duration:
        if character.isdigit():
            number += character
        else:
            total += int(number) * sizes[character]
            number = ""
    return total
