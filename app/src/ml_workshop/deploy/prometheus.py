"""Counts of both slots from Prometheus."""

import base64
import http.client
import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from ml_workshop.deploy.comparison import Counts
from ml_workshop.deploy.settings import SLOTS

_DURATION = "flask_http_request_duration_seconds"
_CONFIDENCE = "ml_workshop_prediction_confidence"


class PrometheusError(Exception):
    """Prometheus does not answer, or not as it should."""


def slot_counts(url: str, instance: str, threshold_seconds: float, login_file: str = "") -> dict[str, Counts]:
    """Return the present counts by slot; a slot without metrics is left out.

    Args:
        url: Of Prometheus.
        instance: Label of this host's slots.
        threshold_seconds: Latency objective; an edge of the service's histogram.
        login_file: A line `name:password`, or empty.

    Raises:
        PrometheusError: It does not answer, or not as it should.
    """
    where = f'job="inference", instance={json.dumps(instance)}'
    predictions = (
        f'{{__name__=~"{_DURATION}_(count|bucket)", {where}, url_rule=~"/predict|/v2/.+/infer", '
        f'le=~"|{float(threshold_seconds)}"}}'
    )
    contents = f'{{__name__=~"ml_workshop_predictions_total|{_CONFIDENCE}_(sum|count)", {where}}}'
    rows = query(url, f"sum by (__name__, slot, status) ({predictions})", login_file)
    rows += query(url, f"sum by (__name__, slot, label) ({contents})", login_file)
    return {
        slot: _counts([row for row in rows if row[0].get("slot") == slot])
        for slot in SLOTS
        if any(row[0].get("slot") == slot for row in rows)
    }


def _counts(rows: list[tuple[dict[str, str], float]]) -> Counts:
    def total(name: str, status: str = "") -> float:
        return sum(
            value
            for labels, value in rows
            if labels["__name__"] == name and labels.get("status", "").startswith(status)
        )

    return Counts(
        total(f"{_DURATION}_count"),
        total(f"{_DURATION}_count", "5"),
        total(f"{_DURATION}_bucket"),
        {labels["label"]: value for labels, value in rows if "label" in labels},
        total(f"{_CONFIDENCE}_sum"),
        total(f"{_CONFIDENCE}_count"),
    )


def query(url: str, expression: str, login_file: str = "") -> list[tuple[dict[str, str], float]]:
    """Return labels and present value of each series of a PromQL expression.

    Raises:
        PrometheusError: Prometheus does not answer, or not as it should.
    """
    address = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    request = urllib.request.Request(address)  # noqa: S310  # a setting of root's
    try:
        if login_file:
            login = base64.b64encode(Path(login_file).read_text().strip().encode()).decode()
            request.add_header("Authorization", f"Basic {login}")
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310
            answer: Any = json.load(response)
        return [(row["metric"], float(row["value"][1])) for row in answer["data"]["result"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise PrometheusError(f"Prometheus does not answer on {url} ({error})") from error
