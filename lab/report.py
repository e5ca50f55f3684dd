"""Print where the lab's packages come from, the URLs of its services, and a live prediction."""

from __future__ import annotations

import argparse
from pathlib import Path

import requests

SERVICES = (
    ("try a review", "http://127.0.0.1:8000"),
    ("Locust", "http://127.0.0.1:8089"),
    ("Prometheus", "http://127.0.0.1:9090"),
)
GRAFANA = ("Grafana", "http://127.0.0.1:3000")
CONSOLE_PAGE = ("dashboards", "http://127.0.0.1:9090/consoles/index.html")
PASSWORD_FILE = Path(__file__).parents[1] / ".lab/secrets/admin_password"
CA_FILE = PASSWORD_FILE.parent / "tls/ca.crt"
REVIEW = (
    "A wonderful film with superb acting and a moving story. I loved every minute, one of the best this year."
)
TIMEOUT_SECONDS = 5


def responds(url: str) -> bool:
    """Return whether a service answers at `url`."""
    try:
        login = ("admin", PASSWORD_FILE.read_text().strip())
        verify = str(CA_FILE) if CA_FILE.exists() else True
        return requests.get(url, auth=login, timeout=TIMEOUT_SECONDS, verify=verify).ok
    except requests.RequestException:
        return False


def find_url(url: str) -> str:
    """Return the URL, with http or else https, at which a service answers; empty if neither does."""
    return next(filter(responds, (url, url.replace("http:", "https:"))), "")


def predict(text: str) -> dict[str, object]:
    """Request the sentiment of `text` from the inference service.

    Raises:
        requests.RequestException: no answer, or one without a prediction.
    """
    response = requests.post(f"{SERVICES[0][1]}/predict", json={"text": text}, timeout=TIMEOUT_SECONDS)
    response.raise_for_status()
    answer: dict[str, object] = response.json()
    return answer


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, required=True, help="table printed by lab/probe.py")
    options = parser.parse_args()
    print(f"\n{options.sources.read_text()}")
    for name, url in (*SERVICES, GRAFANA if find_url(GRAFANA[1]) else CONSOLE_PAGE):
        print(f"{name:<14}{find_url(url) or f'{url}   (not reachable: see the table above)'}")
    print(f"{'':<14}user admin, password in {PASSWORD_FILE}")
    answer = predict(REVIEW)
    print(f'\n"{REVIEW}"')
    revision = str(answer["model_revision"])[:12]
    print(f"{answer['label']}, probability {answer['probability']:.3f}, model {revision}")


if __name__ == "__main__":
    main()
