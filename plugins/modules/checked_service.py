#!/usr/bin/python
"""Ansible module: run a systemd service with its new unit and files, or else with the last healthy ones."""

from __future__ import annotations

import base64
import re
import ssl
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
---
module: checked_service
short_description: Start, restart or reload a service, and roll back when it does not become healthy
description:
  - Enables and starts a systemd service; restarts or reloads it when its unit or files are not those of the
    last run in which it was healthy, of which there is a copy. Then waits until it answers over HTTP.
  - When it does not, puts the unit and files of that last run back, starts the service with them, and fails
    with the reason from the journal.
version_added: "1.0.0"
author: ml-workshop
attributes:
  check_mode:
    support: full
options:
  name:
    description: Unit without C(.service).
    type: str
    required: true
  address:
    description: Where the service listens, host:port. Proxies are not used; a wildcard means 127.0.0.1.
    type: str
    required: true
  path:
    description: Path that answers with status 200 when the service is healthy.
    type: str
    required: true
  logins:
    description: Name to password of who may log in to the service, the first of whom this module uses.
    type: dict
    default: {}
  tls:
    description: Whether it answers HTTPS; the certificate of a service of the host itself is not verified.
    type: bool
    default: false
  contains:
    description: Regular expression that the answer has to contain.
    type: str
    default: ''
  restart_for:
    description: Files, links and directories, in addition to the unit, whose change needs a restart.
    type: list
    elements: path
    default: []
  reload_for:
    description: Files and directories whose change needs a reload.
    type: list
    elements: path
    default: []
  reload:
    description: Reload in any case, for files that this run has written.
    type: bool
    default: false
  reload_metric:
    description: Metric at C(/metrics) that is the time of the last successful reload.
    type: str
    default: ''
  timeout:
    description: Seconds until the service has to be healthy.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Run Prometheus
  ml_workshop.workshop.checked_service:
    name: prometheus
    address: 0.0.0.0:9090
    path: /-/ready
    restart_for: [/opt/prometheus/current]
    reload_for: [/etc/prometheus]
    reload_metric: prometheus_config_last_reload_success_timestamp_seconds
"""

RETURN = r"""
action:
  description: What was done, one of C(none), C(start), C(restart), C(reload).
  type: str
  returned: success
"""

LAST_HEALTHY = "/var/lib/ml-workshop/last_healthy"
ERROR = re.compile(r"(?i)\b(err|error|fatal|panic|fail\w*|invalid|denied)\b")


class UnhealthyError(Exception):
    """The message completes a sentence that begins with the name of the service."""


class LastHealthy:
    """Copies of the unit and the files that a service had when it was healthy last."""

    def __init__(self, module: AnsibleModule, directory: Path, paths: list[Path]) -> None:
        """Store the directory of the copies, which need not exist, and the files."""
        self.run = module.run_command
        self.directory = directory
        self.copies = {path: directory / path.relative_to("/") for path in paths}

    def different(self, paths: list[Path]) -> list[Path]:
        """Return the files whose content is not that of their copy; times don't count."""
        return [path for path in paths if not self._same(path, self.copies[path])]

    def _same(self, path: Path, copy: Path) -> bool:
        there = [each.exists() or each.is_symlink() for each in (path, copy)]
        command = ["diff", "--recursive", "--brief", "--no-dereference", str(path), str(copy)]
        return self.run(command)[0] == 0 if all(there) else not any(there)

    def save(self, address: str) -> None:
        """Copy the files that differ, and store the address of the service."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.directory / "address").write_text(address)
        for path in self.different(list(self.copies)):
            self._copy(path, self.copies[path])

    def restore(self) -> None:
        """Restore the files that differ."""
        for path in self.different(list(self.copies)):
            self._copy(self.copies[path], path)

    def _copy(self, source: Path, target: Path) -> None:
        self.run(["rm", "-rf", str(target)], check_rc=True)
        if source.exists() or source.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            self.run(["cp", "--archive", "--no-target-directory", str(source), str(target)], check_rc=True)


class Service:
    """A systemd service that answers over HTTP."""

    def __init__(self, module: AnsibleModule) -> None:
        """Store the module's parameters."""
        self.module = module
        self.unit = f"{module.params['name']}.service"
        self.listens_at(module.params["address"])
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        for login in list(module.params["logins"].items())[:1]:
            token = base64.b64encode(":".join(map(str, login)).encode()).decode()
            self.opener.addheaders = [("Authorization", f"Basic {token}")]
        self.cursor = ""

    def listens_at(self, address: str) -> None:
        """Set the address of the requests."""
        host, _, port = address.rpartition(":")
        wildcard = host in ("", "*", "0.0.0.0", "[::]")  # noqa: S104 - compared, not bound
        scheme = "https" if self.module.params["tls"] else "http"
        self.url = f"{scheme}://{'127.0.0.1' if wildcard else host}:{port}"

    def show(self, name: str) -> str:
        """Return a property of the unit."""
        command = ["systemctl", "show", "--value", f"--property={name}", self.unit]
        return str(self.module.run_command(command)[1]).strip()

    def program_is_replaced(self) -> bool:
        """Return whether the program on disk is a newer one than the one that runs."""
        program = Path("/proc", self.show("MainPID"), "exe")
        return program.is_symlink() and program.readlink().name.endswith(" (deleted)")

    def get(self, path: str) -> str | None:
        """Return the body of an answer with status 200, or None."""
        try:
            with self.opener.open(self.url + path, timeout=5) as response:
                return str(response.read().decode(errors="replace"))
        except (OSError, ValueError):
            return None

    def reloaded_at(self) -> str:
        """Return the value of the metric of the last successful reload."""
        pattern = rf"(?m)^{self.module.params['reload_metric']} (\S+)"
        return "".join(re.findall(pattern, self.get("/metrics") or ""))

    def bring_up(self, action: str) -> None:
        """Start, restart or reload the service, or do none of that, and wait until it is healthy.

        Raises:
            UnhealthyError: It is not healthy in time.
        """
        run, parameters = self.module.run_command, self.module.params
        self.cursor = run(["journalctl", "--lines=1", "--show-cursor"])[1].rpartition("cursor: ")[2].strip()
        reloaded_at = self.reloaded_at() if action == "reload" else ""
        for command in ("daemon-reload", f"reset-failed {self.unit}") if "start" in action else ():
            run(f"systemctl {command}")
        if action != "none":
            code, _, stderr = run(["systemctl", action, self.unit])
            if code:
                raise UnhealthyError(f"fails to {action} ({' '.join(stderr.split())})")
        restarts = int(self.show("NRestarts") or 0)

        def healthy() -> bool:
            if self.show("ActiveState") == "failed" or int(self.show("NRestarts") or 0) > restarts + 1:
                raise UnhealthyError("ends right after its start")
            answer = self.get(parameters["path"])
            return answer is not None and re.search(parameters["contains"], answer) is not None

        timeout, url = parameters["timeout"], f"{self.url}{parameters['path']}"
        self._wait(healthy, timeout, f"is not healthy at {url} after {timeout} s")
        if action == "reload" and parameters["reload_metric"]:
            reloaded = lambda: self.reloaded_at() not in ("", reloaded_at)  # noqa: E731
            self._wait(reloaded, timeout, "does not accept its new configuration")

    def _wait(self, condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise UnhealthyError(otherwise)
            time.sleep(0.2)

    def journal(self) -> str:
        """Return the last errors that were logged since `bring_up`; the program's, or else systemd's."""
        self.module.run_command(["journalctl", "--sync"])  # the last lines may not be in it yet
        since = [f"--after-cursor={self.cursor}"] if self.cursor else ["--lines=20"]
        for of in (f"_SYSTEMD_UNIT={self.unit}", f"UNIT={self.unit}"):
            output = self.module.run_command(["journalctl", "--output=cat", "--quiet", *since, of])[1]
            lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
            if lines:
                return "; ".join(
                    dict.fromkeys([line for line in lines if ERROR.search(line)][-3:] or lines[-3:])
                )
        return "its journal is empty"


def roll_back(service: Service, last: LastHealthy) -> str:
    """Restore what the service was healthy with, start it, and return a clause about that."""
    if not last.directory.is_dir():
        return "it has never been healthy here, so there is nothing to roll back to"
    if not last.different(list(last.copies)):
        return "its unit and files are the ones that it was healthy with before"
    last.restore()
    service.listens_at((last.directory / "address").read_text())
    try:
        service.bring_up("restart")
    except UnhealthyError as failure:
        return f"its previous unit and files are restored, but with them it {failure}, too"
    return "it runs with its previous unit and files again"


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "path": {"type": "str", "required": True},
            "logins": {"type": "dict", "default": {}, "no_log": True},
            "tls": {"type": "bool", "default": False},
            "contains": {"type": "str", "default": ""},
            "restart_for": {"type": "list", "elements": "path", "default": []},
            "reload_for": {"type": "list", "elements": "path", "default": []},
            "reload": {"type": "bool", "default": False},
            "reload_metric": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    service, name = Service(module), module.params["name"]
    restart_for = [Path("/etc/systemd/system", service.unit), *map(Path, module.params["restart_for"])]
    reload_for = [Path(path) for path in module.params["reload_for"]]
    last = LastHealthy(module, Path(LAST_HEALTHY, name), restart_for + reload_for)
    if service.show("ActiveState") != "active":
        action = "start"
    elif (
        service.show("NeedDaemonReload") == "yes"
        or service.program_is_replaced()
        or last.different(restart_for)
    ):
        action = "restart"
    else:
        action = "reload" if module.params["reload"] or last.different(reload_for) else "none"
    enable = service.show("UnitFileState") != "enabled"
    if not module.check_mode:
        try:
            service.bring_up(action)
        except UnhealthyError as failure:
            reason = f"{service.unit} {failure}: {service.journal()}"
            module.fail_json(msg=f"{reason}. Correct the {name}_ variables; {roll_back(service, last)}.")
        if enable:
            module.run_command(["systemctl", "enable", service.unit], check_rc=True)
        last.save(module.params["address"])
    module.exit_json(changed=action != "none" or enable, action=action)


if __name__ == "__main__":
    main()
