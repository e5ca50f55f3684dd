"""The tests of the rules fail when a rule is deleted or compares with another number."""

import copy
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import generate
import pytest
import yaml

pytestmark = pytest.mark.slow

TESTS = generate.rule_tests()

THRESHOLD = re.compile(r"(?<=[<>=] )(\d+(?:\.\d+)?)|\d+(?= \* 3600)")
"""A threshold, or the hours that predict_linear extrapolates."""

DURATION = re.compile(r"(\d+)([mh])")


def mutations(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Broken versions of a rule, with a name for each."""
    yield "deleted", None
    expression = rule["expr"]
    if "record" in rule:
        yield "doubled", rule | {"expr": f"({expression}) * 2"}
        return
    for number, found in enumerate(THRESHOLD.finditer(expression), 1):
        value = float(found[0])
        for other in (value * 2, value / 2) if value else (1e15, -1e15):
            changed = expression[: found.start()] + f"{other:.15g}" + expression[found.end() :]
            yield f"threshold {number}: {found[0]} is {other:g}", rule | {"expr": changed}
    if "for" in rule:
        length, unit = DURATION.fullmatch(rule["for"]).groups()
        yield "holds twice as long", rule | {"for": f"{int(length) * 2}{unit}"}
        yield "does not hold", {key: value for key, value in rule.items() if key != "for"}


def all_mutations() -> list[Any]:
    """File, position of a rule in it, and the rule that replaces it."""
    found = []
    for file in sorted((generate.HERE / "rules").glob("*.yml")):
        for g, group in enumerate(yaml.safe_load(file.read_text())["groups"]):
            for r, rule in enumerate(group["rules"]):
                name = rule.get("alert") or f"{file.stem} {rule['record']}"
                severity = rule["labels"].get("severity", "")
                found += [
                    pytest.param(file, g, r, other, id=f"{name} {severity} {what}")
                    for what, other in mutations(rule)
                ]
    return found


def files_that_test(file: Path, rule: dict[str, Any]) -> dict[str, str]:
    """Test files that load this file of rules and name the rule."""
    marks = (
        (rule["record"],) if "record" in rule else (rule["alert"], f"severity: {rule['labels']['severity']}")
    )
    marks = (f"../rules/{file.name}\n", *marks)
    return {name: text for name, text in TESTS.items() if all(mark in text for mark in marks)}


@pytest.mark.parametrize(("file", "group", "position", "other"), all_mutations())
def test_tests_fail_for_a_broken_rule(
    promtool: Path, tmp_path: Path, file: Path, group: int, position: int, other: dict[str, Any] | None
) -> None:
    content = yaml.safe_load(file.read_text())
    rule = copy.deepcopy(content["groups"][group]["rules"][position])
    content["groups"][group]["rules"][position : position + 1] = [other] if other else []
    for directory in ("rules", "rule_tests"):
        (tmp_path / directory).mkdir()
    (tmp_path / "rules" / file.name).write_text(yaml.safe_dump(content))
    tests = files_that_test(file, rule)
    assert tests, "no test names the rule"
    for name, text in tests.items():
        copied = tmp_path / "rule_tests" / name
        copied.write_text(text)
        result = subprocess.run(
            [promtool, "test", "rules", copied], capture_output=True, text=True, check=False
        )
        if result.returncode:
            assert "FAILED:" in result.stdout + result.stderr, "failed for another reason"
            return
    pytest.fail(f"{', '.join(tests)}: no test failed")
