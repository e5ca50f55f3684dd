"""The main panels as one page that Prometheus serves itself, for sites without Grafana.

A console template of Prometheus that needs none of the console libraries (version 3 has none): style, script
and panels are in the one file. Prometheus runs it through Go's html/template, which finds no action in it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workshop_monitoring.board import Board, Panel
from workshop_monitoring.grafana import DEPLOYMENT_TEXT, DEPLOYMENT_TITLE, DEPLOYMENTS

SOURCES = Path(__file__).parents[1] / "console_page"
SCRIPTS = ("format.js", "query.js", "draw.js", "page.js")

CHOICE = {
    "home": (
        *("Targets down", "Requests", "Server errors", "Latency p99", "Error budget left"),
        *("Firing alerts", "Target status"),
    ),
    "gateway": (
        *("Usable slots", "Requests waiting", "Errors of the gateway", "Connections in use"),
        *(
            "Requests by status",
            "Errors by origin",
            "Rejected",
            "Requests by API key",
            "Retries and redispatches",
        ),
        *("State of each slot", "Weight", "Requests by slot", "Response time"),
    ),
    "inference": ("Request rate", "Error ratio", "Latency"),
    "slo": ("Error budget over time", "Burn rate over 1h", "Errors and error budget"),
    "model": ("Model served", "Class share", "Confidence", "Unknown words"),
    "hosts": ("CPU utilisation", "Memory utilisation", "Disk space used", "Network traffic"),
    "load-test": ("Request rate, both sides", "Latency, both sides", "Latency outside the server"),
}
"""Titles of the panels that the page shows of each dashboard."""


def files(boards: Sequence[Board]) -> dict[str, str]:
    """Text of the page, by path below monitoring/."""
    page = (SOURCES / "page.html").read_text(encoding="utf-8")
    parts = {
        "@STYLE@": (SOURCES / "page.css").read_text(encoding="utf-8").strip(),
        "@SCRIPT@": "\n".join((SOURCES / script).read_text(encoding="utf-8") for script in SCRIPTS).strip(),
        "@DEFINITION@": _definition(boards),
    }
    for mark, text in parts.items():
        if "{{" in text:
            raise ValueError(
                f"{mark} of the console page has two braces in a row, which Prometheus would expand."
            )
        page = page.replace(mark, text)
    return {"consoles/index.html": page}


def chosen(board: Board) -> list[Panel]:
    """Panels of a dashboard that the page shows."""
    by_title = {panel.title: panel for panel in board.panels}
    return [by_title[title] for title in CHOICE[board.uid]]


def _definition(boards: Sequence[Board]) -> str:
    sections = [
        {
            "title": board.title,
            "variables": {variable.name: variable.chosen or ".+" for variable in board.variables},
            "panels": [_panel(panel) for panel in chosen(board)],
        }
        for board in boards
    ]
    deployments = {"expression": DEPLOYMENTS, "legend": f"{DEPLOYMENT_TITLE}: {DEPLOYMENT_TEXT}"}
    text = json.dumps({"deployments": deployments, "sections": sections}, indent=1)
    # Neither the end of the script element nor an action of a template; as JSON it is the same.
    return text.replace("<", r"\u003c").replace("{{", r"\u007b\u007b").replace("}}", r"\u007d\u007d")


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "title": panel.title,
        "description": panel.description,
        "kind": panel.kind,
        "unit": panel.unit,
        "minimum": panel.minimum,
        "maximum": panel.maximum,
        "softMaximum": panel.soft_maximum,
        "empty": panel.may_be_empty,
        "columns": panel.columns,
        "steps": [{"since": step.since, "color": step.color} for step in panel.steps],
        "values": [{"value": value, "text": text, "color": color} for value, text, color in panel.values],
        "queries": [
            {
                "legend": query.legend,
                "expression": query.expression,
                "color": query.color,
                "dashed": query.dashed,
            }
            for query in panel.queries
        ],
    }
