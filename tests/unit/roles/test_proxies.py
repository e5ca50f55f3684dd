"""Requests to our own services never go through a proxy that a host has in /etc/environment; downloads do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
#: Set once per play.
FOR_ALL_TASKS = "module_defaults: {ansible.builtin.uri: {use_proxy: false"
#: Modules that use the internet.
ELSEWHERE = ("playbooks/tasks/ec2_",)
FILES = sorted(path for place in ("roles", "playbooks") for path in (ROOT / place).glob("**/*.y*ml"))


def tasks(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from tasks(item)
    elif isinstance(node, dict):
        yield node
        for value in node.values():
            yield from tasks(value)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def users(needle: str, paths: list[Path]) -> list[Any]:
    return [pytest.param(path, id=relative(path)) for path in paths if needle in path.read_text()]


@pytest.mark.parametrize("path", users("ansible.builtin.uri:", FILES))
def test_requests_to_services_use_no_proxy(path: Path) -> None:
    plays = path.read_text().count("ansible.builtin.uri:") and path.read_text().count(FOR_ALL_TASKS)
    for task in tasks(yaml.safe_load(path.read_text())):
        if "ansible.builtin.uri" in task and not relative(path).startswith(ELSEWHERE) and not plays:
            assert task["ansible.builtin.uri"].get("use_proxy") is False, task.get("name")


def test_curl_uses_no_proxy_for_services() -> None:
    for path in [*FILES, *(ROOT / "roles").glob("*/templates/*.j2")]:
        for line in path.read_text().splitlines():
            assert "curl " not in line or "--noproxy" in line, f"{relative(path)}: {line}"


@pytest.mark.parametrize("path", users("ansible.builtin.get_url:", FILES))
def test_get_url_only_downloads(path: Path) -> None:
    for task in tasks(yaml.safe_load(path.read_text())):
        if "ansible.builtin.get_url" in task:
            assert "checksum" in task["ansible.builtin.get_url"], task.get("name")
