"""Write every generated file of this directory, or with --check say which ones differ from their source.

python monitoring/generate.py [--check]
"""

import argparse
import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from workshop_monitoring import inference_dashboard

HERE = Path(__file__).parent
DASHBOARDS = [inference_dashboard.build]


def generated() -> dict[Path, str]:
    """The text of every generated file, by path."""
    boards = [build() for build in DASHBOARDS]
    return {HERE / "dashboards" / f"{board.uid}.json": _json(board) for board in boards}


def drifted() -> list[Path]:
    """Generated files that are missing, differ from their source, or have none any more."""
    wanted = generated()
    stale = [file for file in (HERE / "dashboards").glob("*.json") if file not in wanted]
    return stale + [file for file, text in wanted.items() if not file.exists() or file.read_text() != text]


def _json(board: Dashboard) -> str:
    # Sorted and indented: a change of one panel is a diff of a few lines.
    return json.dumps(board, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Write the generated files of monitoring/.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file would change")
    if parser.parse_args().check:
        if names := [str(file.relative_to(HERE)) for file in drifted()]:
            sys.exit(f"{', '.join(names)} differ from their source; run python monitoring/generate.py")
        return
    for file in drifted():
        file.unlink(missing_ok=True)
    for file, text in generated().items():
        file.write_text(text)


if __name__ == "__main__":
    main()
