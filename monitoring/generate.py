"""Write every generated file of this directory, or with --check say which ones differ from their source.

python monitoring/generate.py [--check]
"""

import argparse
import sys
from pathlib import Path

from workshop_monitoring import dashboards

HERE = Path(__file__).parent
PARTS = [dashboards.files]
"""Each returns text by path below this directory; no other file may lie beside what it returns."""


def generated() -> dict[Path, str]:
    """The text of every generated file, by path."""
    return {HERE / path: text for part in PARTS for path, text in part().items()}


def drifted() -> list[Path]:
    """Generated files that are missing, differ from their source, or have none any more."""
    wanted = generated()
    there = {file for directory in {file.parent for file in wanted} for file in directory.glob("*")}
    stale = sorted(there - wanted.keys())
    return stale + [file for file, text in wanted.items() if not file.exists() or file.read_text() != text]


def write() -> None:
    """Bring every generated file in line with its source; leave none that has no source."""
    for file in drifted():
        file.unlink(missing_ok=True)
    for file, text in generated().items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Write the generated files of monitoring/.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file would change")
    if parser.parse_args().check:
        if names := [str(file.relative_to(HERE)) for file in drifted()]:
            sys.exit(f"{', '.join(names)} differ from their source; run python monitoring/generate.py")
        return
    write()


if __name__ == "__main__":
    main()
