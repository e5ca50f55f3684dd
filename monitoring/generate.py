"""Write every generated file of this directory; with --check, list those that differ from their source.

python monitoring/generate.py [--check]
"""

import argparse
import sys
from pathlib import Path

from workshop_monitoring import console, dashboards, rule_files, slo
from workshop_monitoring.rule_tests import files as rule_test_files
from workshop_monitoring.settings import Alerting, SettingsError

HERE = Path(__file__).parent
SOURCES = HERE
"""Directory of slo.yml and alerting.yml."""


def generated() -> dict[Path, str]:
    """The text of every generated file, by path."""
    objectives, alerting = slo.load(SOURCES / "slo.yml"), Alerting.load(SOURCES / "alerting.yml")
    texts = {
        **dashboards.files(objectives, alerting),
        **console.files(dashboards.boards(objectives, alerting)),
        **rule_files.files(objectives, alerting),
    }
    return {HERE / path: text for path, text in texts.items()}


def rule_tests() -> dict[str, str]:
    """The text of promtool's test files, by name; they expect the rules in ../rules."""
    return rule_test_files.files(slo.load(SOURCES / "slo.yml"), Alerting.load(SOURCES / "alerting.yml"))


def drifted() -> list[Path]:
    """Generated files that are missing, differ from their source, or no longer have one."""
    expected = generated()
    present = {file for directory in {file.parent for file in expected} for file in directory.glob("*")}
    stale = sorted(present - expected.keys())
    return stale + [file for file, text in expected.items() if not file.exists() or file.read_text() != text]


def write() -> None:
    """Write every generated file; remove those that no longer have a source."""
    for file in drifted():
        file.unlink(missing_ok=True)
    for file, text in generated().items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Write the generated files of monitoring/.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file would change")
    check = parser.parse_args().check
    try:
        names = [str(file.relative_to(HERE)) for file in drifted()]
        if not check:
            write()
        elif names:
            sys.exit(f"{', '.join(names)} differ from their source; run python monitoring/generate.py")
    except SettingsError as error:
        sys.exit(f"monitoring/{error}")


if __name__ == "__main__":
    main()
