"""docs/http.md: each command runs as written and has the documented response."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "http.md"
BLOCKS = [
    lines
    for block in PAGE.read_text().split("\n\n")
    if block.startswith("    ") and (lines := [line.strip() for line in block.splitlines()])
]
COMMANDS = [(lines[0], lines[1]) for lines in BLOCKS if lines[0].startswith("curl ")]


def shape(content: Any) -> Any:
    """Names, order and types without values, which depend on the model."""
    if isinstance(content, dict):
        return {name: shape(value) for name, value in content.items()}
    if isinstance(content, list):
        return [shape(value) for value in content]
    return type(content)


@pytest.mark.parametrize(("command", "answer"), COMMANDS)
def test_a_command_has_the_documented_response(running: Any, command: str, answer: str) -> None:
    assert "localhost:8000" in command
    done = subprocess.run(
        ["bash", "-c", command.replace("localhost:8000", f"127.0.0.1:{running.port}")],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    if answer[0] in "{[":
        assert shape(json.loads(done.stdout)) == shape(json.loads(answer))
    else:
        assert done.stdout.strip() == answer


def test_the_log_line_is_the_documented_one(running: Any) -> None:
    (shown,) = [json.loads(lines[0]) for lines in BLOCKS if lines[0].startswith("{")]
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    assert shape(shown) in [shape(line) for line in lines]


def test_the_page_has_examples() -> None:
    assert len(COMMANDS) == 8
