"""API keys: who may use the service, how often, and what the log has of it."""

from collections.abc import Callable

import pytest
from fake_slot import FakeSlot
from gateway_process import Gateway

Start = Callable[..., Gateway]

KEYS = {"alice": "alice-0123456789abcdef", "bob": "bob-0123456789abcdefgh"}
ALICE, BOB = ({"Authorization": f"Bearer {key}"} for key in KEYS.values())


@pytest.mark.parametrize(
    "headers",
    [
        ALICE,
        {"X-API-Key": KEYS["alice"]},
        {"Authorization": f"bearer {KEYS['alice']}"},
        {"Authorization": f"Bearer {KEYS['alice']}", "X-API-Key": "another-0123456789abcdef"},
    ],
)
def test_a_key_is_accepted_and_not_passed_on(start: Start, blue: FakeSlot, headers: dict[str, str]) -> None:
    gateway = start(gateway_api_keys=KEYS)
    assert gateway.request(headers=headers).status == 200
    assert not {"authorization", "x-api-key"} & set(blue.requests[-1][1])
    assert gateway.logged()[-1]["api_key"] == "alice"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer revoked-0123456789abcdef"},
        {"Authorization": f"Basic {KEYS['alice']}"},
        {"X-API-Key": KEYS["alice"].upper()},
        {"X-API-Key": f"{KEYS['alice']},{KEYS['bob']}"},
        {"X-API-Key": ""},
    ],
)
def test_without_a_valid_key_the_answer_is_401(start: Start, blue: FakeSlot, headers: dict[str, str]) -> None:
    gateway = start(gateway_api_keys=KEYS)
    answer = gateway.request(headers=headers)
    assert answer.status == 401
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "API key" in answer.json["error"]
    assert gateway.logged()[-1]["api_key"] in ("", "-")
    assert not [path for path, *_ in blue.requests if path == "/predict"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/health/ready", 200),
        ("/metrics", 200),
        ("/openapi.json", 200),
        ("/explain", 401),
        ("/v2/models/sentiment/infer", 401),
        ("/%70redict", 401),
        ("//predict", 401),
        ("/health/ready/../../predict", 401),
        ("/?/predict", 200),
        ("/predict?/health/live", 401),
    ],
)
def test_only_these_paths_need_no_key(start: Start, blue: FakeSlot, path: str, status: int) -> None:
    assert start(gateway_api_keys=KEYS).request(path).status == status


def test_each_key_has_a_rate_of_its_own(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_api_keys=KEYS, gateway_requests_per_key="3")
    statuses = [gateway.request(headers=ALICE, source=f"127.0.0.{number}").status for number in range(1, 6)]
    assert statuses == [200, 200, 200, 429, 429]
    assert gateway.request(headers=BOB).status == 200
    assert gateway.request("/health/ready").status == 200


def test_without_keys_everyone_is_served(gateway: Gateway, blue: FakeSlot) -> None:
    assert gateway.request(headers=ALICE).status == 200


def test_a_gateway_in_front_has_checked_the_key(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_api_keys=KEYS, gateway_trusted_proxies=["127.0.0.3"])
    assert gateway.request(source="127.0.0.3").status == 200
    assert gateway.request().status == 401


def test_requests_are_counted_by_key(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_api_keys=KEYS, gateway_requests_per_key="3")
    for _ in range(5):
        gateway.request(headers=ALICE)
    gateway.request(headers=BOB)
    gateway.request(headers={"X-API-Key": "?", "X-API-Key-Name": "alice"})
    gateway.request("/health/ready")
    answer = gateway.request("/api_keys", port=gateway.metrics_port)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4"
    assert answer.body.decode().splitlines() == [
        "# TYPE ml_workshop_api_key_requests_total counter",
        'ml_workshop_api_key_requests_total{api_key="alice"} 5',
        'ml_workshop_api_key_requests_total{api_key="bob"} 1',
        "# TYPE ml_workshop_api_key_refused_total counter",
        'ml_workshop_api_key_refused_total{api_key="alice",code="429"} 2',
        'ml_workshop_api_key_refused_total{api_key="bob",code="429"} 0',
        'ml_workshop_api_key_refused_total{api_key="",code="401"} 1',
    ]


def test_metrics_of_the_most_keys_are_complete(start: Start, blue: FakeSlot) -> None:
    keys = {f"{number:064}": f"{number:020}" for number in range(100)}
    gateway = start(gateway_api_keys=keys, gateway_requests_per_key="3")
    assert gateway.request(headers={"X-API-Key": f"{99:020}"}).status == 200
    metrics = gateway.request("/api_keys", port=gateway.metrics_port).body.decode()
    assert f'requests_total{{api_key="{99:064}"}} 1\n' in metrics
    assert metrics.endswith('code="401"} 0\n')
