"""Sends up to 100 requests per second, each over a new connection, until the file `stop` exists.

Writes {"answered": N, "failed": [what, ...]} to `result.json`.
"""

import json
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
QUESTION = urllib.request.Request(
    "http://127.0.0.1:8000/predict",
    data=json.dumps({"text": "A wonderful film with superb acting."}).encode(),
    headers={"Content-Type": "application/json"},
)


def main() -> None:
    """Send requests until the file `stop` exists."""
    answered, failed = 0, []
    while not (HERE / "stop").exists():
        try:
            with urllib.request.urlopen(QUESTION, timeout=60) as response:  # noqa: S310  (the address is above)
                json.load(response)["model_revision"]
            answered += 1
        except (OSError, ValueError, KeyError) as error:
            failed.append(repr(error))
        time.sleep(0.01)  # leaves the cores to what is tested
    (HERE / "result.json").write_text(json.dumps({"answered": answered, "failed": failed}))


if __name__ == "__main__":
    main()
