"""Print file name and uid of every dashboard in a directory, as a JSON object."""

import json
import sys
from pathlib import Path


class UnusableError(Exception):
    """The directory can't be provisioned; the message is the end of a sentence that begins with its name."""


def list_dashboards(directory: Path) -> dict[str, str]:
    """Uid by file name.

    Raises:
        UnusableError: There is no dashboard, or Grafana could not use one of them.
    """
    uids: dict[str, str] = {}
    for file in sorted(directory.glob("*.json")):
        try:
            dashboard = json.loads(file.read_text())
        except ValueError as error:
            raise UnusableError(f"has {file.name}, which is not JSON ({error})") from error
        uid = dashboard.get("uid") if isinstance(dashboard, dict) else None
        if not uid or not dashboard.get("title"):
            raise UnusableError(f"has {file.name}, which lacks a uid or a title")
        if uid in uids.values():
            raise UnusableError(f"has {file.name}, whose uid {uid} is another one's too")
        uids[file.name] = uid
    if not uids:
        raise UnusableError("has no dashboard (*.json)")
    return uids


if __name__ == "__main__":
    try:
        print(json.dumps(list_dashboards(Path(sys.argv[1]))))
    except UnusableError as error:
        sys.exit(str(error))
