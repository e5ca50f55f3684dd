"""Queries to Prometheus."""

import base64
import http.client
import json
import ssl
import urllib.parse
import urllib.request
from collections import defaultdict
from pathlib import Path

from ml_workshop.deploy.comparison import Counts
from ml_workshop.deploy.settings import Settings

_DURATION = "flask_http_request_duration_seconds"
_CONFIDENCE = "ml_workshop_prediction_confidence"

Series = tuple[dict[str, str], float]


class PrometheusError(Exception):
    """A query failed: no response, one of another format, or a login or CA file that cannot be read."""


def query(settings: Settings, expression: str) -> list[Series]:
    """Return labels and current value of each series of a PromQL expression."""
    url = settings.prometheus_url
    query_url = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    request = urllib.request.Request(query_url)  # noqa: S310  # root sets the URL
    try:
        if settings.prometheus_login_file:
            login = Path(settings.prometheus_login_file).read_text(encoding="utf-8").strip()
            request.add_header("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")
        context = ssl.create_default_context(cafile=settings.prometheus_ca_file or None)
        with urllib.request.urlopen(request, timeout=5, context=context) as response:  # noqa: S310
            rows = json.load(response)["data"]["result"]
        return [(row["metric"], float(row["value"][1])) for row in rows]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        raise PrometheusError(f"Prometheus at {url} cannot be queried ({error})") from error


def slot_counts(settings: Settings, threshold_seconds: float) -> dict[str, Counts]:
    """Return the current counts of this host by slot; `threshold_seconds` is a bucket boundary (le)."""
    selector = f'job="inference", instance={json.dumps(settings.prometheus_instance)}'
    requests = (  # the empty `le` matches _count
        f'{{__name__=~"{_DURATION}_(count|bucket)", {selector}, url_rule=~"/predict|/v2/.+/infer", '
        f'le=~"|{float(threshold_seconds)}"}}'
    )
    predictions = f'{{__name__=~"ml_workshop_predictions_total|{_CONFIDENCE}_(sum|count)", {selector}}}'
    slots: dict[str, list[Series]] = defaultdict(list)
    for labels, value in (
        *query(settings, f"sum by (__name__, slot, status) ({requests})"),
        *query(settings, f"sum by (__name__, slot, label) ({predictions})"),
    ):
        slots[labels.get("slot", "")].append((labels, value))
    return {slot: _counts(series) for slot, series in slots.items()}


def _counts(series: list[Series]) -> Counts:
    def total(name: str, status: str = "") -> float:
        return sum(
            value
            for labels, value in series
            if labels["__name__"] == name and labels.get("status", "").startswith(status)
        )

    return Counts(
        requests=total(f"{_DURATION}_count"),
        errors=total(f"{_DURATION}_count", "5"),
        fast=total(f"{_DURATION}_bucket"),
        labels={labels["label"]: value for labels, value in series if "label" in labels},
        confidence_sum=total(f"{_CONFIDENCE}_sum"),
        confidence_count=total(f"{_CONFIDENCE}_count"),
    )
