"""Request IDs and client addresses on their way through the gateway."""

import base64
from collections.abc import Callable

import pytest
from fake_slot import FakeSlot
from gateway_process import Gateway

Start = Callable[..., Gateway]


def test_request_id_of_the_client_is_kept(gateway: Gateway, blue: FakeSlot) -> None:
    answer = gateway.request(headers={"X-Request-ID": "Mine-1._:@/+="})
    assert answer.headers["x-request-id"] == "Mine-1._:@/+="
    assert blue.requests[-1][1]["x-request-id"] == "Mine-1._:@/+="
    assert gateway.logged()[-1]["request_id"] == "Mine-1._:@/+="


@pytest.mark.parametrize("sent", ["", "a b", 'a"b', "a,b", "x" * 129, "a\tb", "{}"])
def test_another_request_id_is_replaced(gateway: Gateway, blue: FakeSlot, sent: str) -> None:
    answer = gateway.request(headers={"X-Request-ID": sent})
    made = answer.headers["x-request-id"]
    assert len(made) == 36
    assert blue.requests[-1][1]["x-request-id"] == made
    assert gateway.logged()[-1]["request_id"] == made


def test_errors_carry_the_request_id_of_the_client(gateway: Gateway) -> None:
    answer = gateway.request("/invalid", headers={"X-Request-ID": "mine"})
    assert (answer.status, answer.headers["x-request-id"]) == (502, "mine")


def test_the_program_behind_the_gateway_is_not_named(gateway: Gateway) -> None:
    assert "server" not in gateway.request().headers
    assert "server" not in gateway.request("/invalid").headers


def test_client_cannot_choose_its_address(gateway: Gateway, blue: FakeSlot) -> None:
    gateway.request(headers={"X-Forwarded-For": "192.0.2.1"}, source="127.0.0.3")
    assert blue.requests[-1][1]["x-forwarded-for"] == "127.0.0.3"
    assert gateway.logged()[-1]["client"] == "127.0.0.3"


def test_gateway_in_front_names_the_client(start: Start, blue: FakeSlot) -> None:
    gateway = start(gateway_trusted_proxies=["127.0.0.3"], gateway_requests_per_source=2)
    for _ in range(5):
        assert gateway.request(headers={"X-Forwarded-For": "192.0.2.1"}, source="127.0.0.3").status == 200
    assert blue.requests[-1][1]["x-forwarded-for"] == "192.0.2.1"
    assert gateway.logged(5)[-1]["client"] == "192.0.2.1"
    gateway.request(headers={"X-Forwarded-For": "192.0.2.1"}, source="127.0.0.4")
    assert blue.requests[-1][1]["x-forwarded-for"] == "127.0.0.4"


@pytest.mark.parametrize(
    ("login", "status"),
    [(None, 401), ("monitoring:wrong", 401), ("other:correct-horse", 401), ("monitoring:correct-horse", 200)],
)
def test_metrics_ask_for_a_login(start: Start, login: str | None, status: int) -> None:
    gateway = start(gateway_metrics_logins={"admin": "battery-staple", "monitoring": "correct-horse"})
    headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()} if login else {}
    answer = gateway.request("/metrics", headers=headers, port=gateway.metrics_port)
    assert answer.status == status
    if status == 401:
        assert answer.headers["www-authenticate"] == 'Basic realm="metrics"'
        assert "user and password" in answer.json["error"]
