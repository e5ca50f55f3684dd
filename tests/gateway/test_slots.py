"""Health checks, retries, weights and metrics of the slots."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

from fake_slot import FakeSlot
from gateway_process import Gateway, wait_until

Start = Callable[..., Gateway]


def test_request_that_no_slot_has_answered_is_retried(gateway: Gateway, blue: FakeSlot) -> None:
    blue.resets = 5
    assert gateway.request("/reset", method="POST", body=b"x" * 20000).status == 200
    assert [len(body) for path, _, body in blue.requests if path == "/reset"] == [20000] * 6
    assert gateway.logged()[-1]["retries"].lstrip("+") == "5"


def test_slot_that_is_not_ready_gets_no_requests(start: Start, blue: FakeSlot, green: FakeSlot) -> None:
    gateway = start()
    green.health = 503
    wait_until("green is down", lambda: not gateway.is_up("green"))
    assert {gateway.request().json["slot"] for _ in range(10)} == {"blue"}
    green.health = 200
    wait_until("green is up", lambda: gateway.is_up("green"))
    assert {gateway.request().json["slot"] for _ in range(10)} == {"blue", "green"}


def test_weights_are_set_while_running_and_survive_a_restart(
    start: Start, blue: FakeSlot, green: FakeSlot, tmp_path: Path
) -> None:
    gateway = start()
    assert gateway.runtime_api("set server inference/green weight 0").strip() == ""
    assert gateway.runtime_api("set server inference/blue weight 50").strip() == ""
    (tmp_path / "server-state").write_text(gateway.runtime_api("show servers state").rstrip("\n") + "\n")
    gateway.process.terminate()
    gateway.process.wait(10)
    restarted = start()
    assert {restarted.request().json["slot"] for _ in range(10)} == {"blue"}
    assert restarted.runtime_api("get weight inference/blue").startswith("50 ")


class Clients:
    """Clients that ask without a pause until they are stopped."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.statuses: list[int | str] = []
        self.stopped = Event()
        self.threads = [Thread(target=self.ask) for _ in range(4)]

    def ask(self) -> None:
        while not self.stopped.is_set():
            try:
                self.statuses.append(self.gateway.request(method="POST", body=b"{}").status)
            except OSError as error:
                self.statuses.append(repr(error))

    def __enter__(self) -> "Clients":
        for thread in self.threads:
            thread.start()
        return self

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def __exit__(self, *_: object) -> None:
        self.stop()


def test_no_request_fails_when_one_of_two_slots_stops(start: Start, blue: FakeSlot, tmp_path: Path) -> None:
    gateway = start()
    with FakeSlot(tmp_path, "green") as green, Clients(gateway) as clients:
        wait_until("green answers", lambda: len(green.requests) > 50)
        green.stop()
        wait_until("green is down", lambda: not gateway.is_up("green"))
        seen = len(clients.statuses)
        wait_until("blue answers alone", lambda: len(clients.statuses) > seen + 50)
    assert set(clients.statuses) == {200}


def test_no_request_fails_while_the_only_slot_restarts(
    gateway: Gateway, blue: FakeSlot, tmp_path: Path
) -> None:
    with Clients(gateway) as clients:
        wait_until("blue answers", lambda: len(blue.requests) > 50)
        blue.stop()
        wait_until("blue is down", lambda: not gateway.is_up("blue"))
        with FakeSlot(tmp_path, "blue") as restarted:
            wait_until("blue answers again", lambda: len(restarted.requests) > 50)
            clients.stop()
    assert set(clients.statuses) == {200}


def test_metrics_of_a_slot(gateway: Gateway, blue: FakeSlot) -> None:
    gateway.request("/slots/blue/metrics", port=gateway.metrics_port)
    assert [path for path, _, _ in blue.requests] == ["/metrics"]


def test_idle_slot_is_no_failed_scrape(gateway: Gateway, blue: FakeSlot) -> None:
    answer = gateway.request("/slots/green/metrics", port=gateway.metrics_port)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body == b"# TYPE ml_workshop_slot_up gauge\nml_workshop_slot_up 0\n"
    blue.health = 503
    wait_until("blue is down", lambda: not gateway.is_up("blue"))
    assert gateway.request("/slots/blue/metrics", port=gateway.metrics_port).body == answer.body


def test_metrics_of_haproxy(gateway: Gateway) -> None:
    gateway.request()
    metrics = gateway.request("/metrics", port=gateway.metrics_port).body.decode()
    assert 'haproxy_server_http_responses_total{proxy="inference",server="blue",code="2xx"} 1' in metrics
    assert 'haproxy_server_status{proxy="inference",server="green",state="MAINT"} 1' in metrics
