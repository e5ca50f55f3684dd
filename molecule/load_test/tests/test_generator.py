"""After load tests, the generator is as it was."""

from testinfra.host import Host

testinfra_hosts = ["ansible://instance_b"]


def test_no_load_is_left(host: Host) -> None:
    assert host.run("systemctl is-active load-test.service").stdout.strip() in ("inactive", "failed")
    assert host.run("pgrep -u ml-workshop-locust").rc == 1
    assert not host.socket("tcp://0.0.0.0:8089").is_listening
    assert host.check_output("find /run -maxdepth 1 -name 'load-test*'") == ""


def test_run_ends_by_itself_and_the_next_boot_forgets_it(host: Host) -> None:
    shown = host.check_output("systemctl show --property=RuntimeMaxUSec,FragmentPath load-test.service")
    assert "RuntimeMaxUSec=1min " in shown
    assert "FragmentPath=/run/" in shown
