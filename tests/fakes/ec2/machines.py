"""Containers as the instances of moto.

Run, stop, start and terminate act on the containers, security groups on their firewalls.
"""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance

from . import firewall

SYSTEMD = [
    "--cap-add=SYS_ADMIN",
    "--cap-add=NET_ADMIN",
    "--cap-add=SYS_PTRACE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--cgroupns=host",
    "--tmpfs=/run",
    "--tmpfs=/run/lock",
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
    "--volume=/var/lib/docker",
]
CHANGES_OF_GROUPS = (
    "authorize_security_group_ingress",
    "revoke_security_group_ingress",
    "modify_instance_security_groups",
)


def _docker(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(
        ["docker", *arguments], input=text, text=True, check=True, capture_output=True, timeout=120
    )
    return done.stdout.strip()


def subnet(network: str) -> IPv4Network:
    """Return the addresses of a Docker network."""
    return IPv4Network(_docker("network", "inspect", "--format={{(index .IPAM.Config 0).Subnet}}", network))


def _group_ids(instance: Instance) -> set[str]:
    return {group.id for group in instance.nics[0].group_set}


@dataclass
class Machines:
    """The containers of one fake account.

    Attributes:
        image: image of the hosts.
        label: value of the label ml-workshop.lab, by which lab/setup.sh tidies up.
        public: Docker network of the public addresses; the controller reaches it.
        private: Docker network of the private addresses; hosts reach each other in it.
        volumes: further volumes, as `docker run` takes them.
        user: login user who gets the key pair's public key.
        lingering: how often a security group that has just been used refuses to be deleted.
    """

    image: str
    label: str
    public: str
    private: str
    volumes: list[str]
    user: str = "ubuntu"
    lingering: int = 2
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _refused: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare the addresses: none is used twice."""
        self._public_addresses = itertools.islice(subnet(self.public).hosts(), 99, None)
        self._private_addresses = itertools.islice(subnet(self.private).hosts(), 99, None)

    def _connect_public(self, instance: Instance) -> None:
        address = str(next(self._public_addresses))
        _docker("network", "connect", "--ip", address, self.public, instance.id)
        instance.nics[0].public_ip = address

    def create(self, instance: Instance) -> None:
        """Start a container for a new instance, and put its addresses into the instance."""
        private = str(next(self._private_addresses))
        labels = [
            f"--label=ml-workshop.lab={self.label}",
            f"--name={instance.id}",
            f"--hostname={instance.id}",
        ]
        mounts = [f"--volume={volume}" for volume in self.volumes]
        _docker(
            "create", *labels, *SYSTEMD, *mounts, f"--network={self.private}", f"--ip={private}", self.image
        )
        instance.nics[0].private_ip_address = private
        self._connect_public(instance)
        _docker("start", instance.id)
        key = instance.ec2_backend.key_pairs[instance.key_name].public_key
        home = f"/home/{self.user}/.ssh"
        keys = f"{home}/authorized_keys"
        script = f"install -d -o {self.user} -m 700 {home} && cat >{keys} && chown {self.user} {keys}"
        _docker("exec", "-i", instance.id, "sh", "-c", script, text=key)

    def start(self, instance: Instance) -> None:
        """Start a stopped container with a new public address."""
        self._connect_public(instance)
        _docker("start", instance.id)

    def stop(self, instance: Instance) -> None:
        """Stop a container and take its public address away."""
        _docker("stop", "--time=20", instance.id)
        _docker("network", "disconnect", self.public, instance.id)

    def remove(self, instance: Instance) -> None:
        """Remove a container with its volumes, if it is still there."""
        with contextlib.suppress(subprocess.CalledProcessError):
            _docker("rm", "--force", "--volumes", instance.id)

    def apply_groups(self, backend: EC2Backend) -> None:
        """Apply the security groups to the firewall of every running container."""
        running = [instance for instance in backend.all_instances() if instance.state == "running"]
        for instance in running:
            rules = [
                firewall.Rule(network, int(rule.from_port), int(rule.to_port))
                for group in instance.nics[0].group_set
                for rule in group.ingress_rules
                for network in self._sources(rule, running)
            ]
            pid = int(_docker("inspect", "--format={{.State.Pid}}", instance.id))
            firewall.apply(pid, rules)

    def _sources(self, rule: Any, running: list[Instance]) -> list[str]:
        if rule.cidr_ipv4:
            return [rule.cidr_ipv4]
        return [
            f"{peer.private_ip}/32"
            for peer in running
            if rule.source_group.get("GroupId") in _group_ids(peer)
        ]

    def follow_shutdowns(self, backend: EC2Backend) -> None:
        """Stop or terminate instances whose container powered itself off."""
        alive = set(
            _docker("ps", "--format={{.Names}}", f"--filter=label=ml-workshop.lab={self.label}").split()
        )
        for instance in backend.all_instances():
            if instance.state == "running" and instance.id not in alive:
                if instance.instance_initiated_shutdown_behavior == "terminate":
                    instance.terminate()
                    self.remove(instance)
                else:
                    instance.stop()
                    _docker("network", "disconnect", self.public, instance.id)

    def _check_group_is_free(self, backend: EC2Backend, group_id: str) -> None:
        users = [
            instance
            for instance in backend.all_instances()
            if instance.state != "terminated" and group_id in _group_ids(instance)
        ]
        references = [
            group
            for group in backend.describe_security_groups()
            for rule in group.ingress_rules
            if group.id != group_id and rule.source_group.get("GroupId") == group_id
        ]
        refused = self._refused.get(group_id, 0)
        self._refused[group_id] = refused + 1
        if users or references or refused < self.lingering:
            raise DependencyViolationError(f"resource {group_id} has a dependent object")

    def install(self) -> None:
        """Make moto's public methods act on the containers, too."""

        def wrap(name: str, act: Callable[[EC2Backend, Any], None], before: bool = False) -> None:
            original = getattr(EC2Backend, name)

            def wrapped(backend: EC2Backend, *args: Any, **kwargs: Any) -> Any:
                with self._lock:
                    if before:
                        act(backend, kwargs)
                    result = original(backend, *args, **kwargs)
                    if not before:
                        act(backend, result)
                    return result

            setattr(EC2Backend, name, wrapped)

        def for_each(act: Callable[[Instance], None], state: str) -> Callable[[EC2Backend, Any], None]:
            def on_changes(backend: EC2Backend, changes: Any) -> None:
                for instance, previous in changes:
                    if previous.name != state and previous.name != "terminated":
                        act(instance)
                self.apply_groups(backend)

            return on_changes

        def on_run(backend: EC2Backend, reservation: Any) -> None:
            for instance in reservation.instances:
                self.create(instance)
            self.apply_groups(backend)

        wrap("run_instances", on_run)
        wrap("start_instances", for_each(self.start, "running"))
        wrap("stop_instances", for_each(self.stop, "stopped"))
        wrap("terminate_instances", for_each(self.remove, "terminated"))
        wrap(
            "delete_security_group",
            lambda backend, kw: self._check_group_is_free(backend, kw["group_id"]),
            before=True,
        )
        wrap("describe_instances", lambda backend, _kw: self.follow_shutdowns(backend), before=True)
        for name in CHANGES_OF_GROUPS:
            wrap(name, lambda backend, _result: self.apply_groups(backend))
