#!/usr/bin/env python3
"""A fake of systemctl, systemd-run and journalctl (by the name it is called by) for `ml-workshop deploy`.

A unit is the command of inference@.service, started with the slot's environment file; a transient unit is
its command alone. $FAKE_SYSTEMD is the directory of its state; kill_after in it is a pattern: when a call
matches, the caller gets a SIGKILL after it.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

STATE = Path(os.environ["FAKE_SYSTEMD"])
RUNTIME, SLOTS = STATE.parent / "run", STATE.parent / "slots"


def pid_file(unit: str) -> Path:
    return STATE / f"{unit}.pid"


def is_running(unit: str) -> bool:
    try:
        pid = int(pid_file(unit).read_text())
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, ValueError):
        return False


def start(unit: str) -> int:
    if is_running(unit):
        return 0
    slot = unit.removeprefix("inference@").removesuffix(".service")
    lines = (SLOTS / f"{slot}.env").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines)
    runtime = RUNTIME / f"inference-{slot}"
    (runtime / "metrics").mkdir(parents=True, exist_ok=True)
    socket_file = runtime / "http.sock"
    socket_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "ml_workshop", "serve", f"--socket={socket_file}"]
    command += [f"--model={environment['MODEL']}", *shlex.split(environment["SERVE_OPTIONS"])]
    environment["PROMETHEUS_MULTIPROC_DIR"] = str(runtime / "metrics")
    with (STATE / f"{unit}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=log, stderr=log, start_new_session=True
        )
    pid_file(unit).write_text(str(process.pid))
    while not socket_file.exists():  # the caller has a time-out
        if process.poll() is not None:
            (STATE / f"{unit}.failed").touch()
            return 1
        time.sleep(0.02)
    return 0


def stop(unit: str) -> int:
    if is_running(unit):
        pid = int(pid_file(unit).read_text())
        os.killpg(pid, signal.SIGTERM)
        while is_running(unit):
            time.sleep(0.02)
    pid_file(unit).unlink(missing_ok=True)
    return 0


def systemctl(arguments: list[str]) -> int:
    verb, unit = arguments[0], arguments[-1]
    enabled, failed = STATE / f"{unit}.enabled", STATE / f"{unit}.failed"
    if verb == "show":
        active = "active" if is_running(unit) else "failed" if failed.exists() else "inactive"
        print(f"ActiveState={active}\nActiveEnterTimestamp=Wed 2026-11-25 20:00:00 UTC")
    elif verb == "is-enabled":
        print("enabled" if enabled.exists() else "disabled")
    elif verb == "enable":
        enabled.touch()
    elif verb == "disable":
        enabled.unlink(missing_ok=True)
    elif verb == "reset-failed":
        failed.unlink(missing_ok=True)
    elif verb != "daemon-reload":
        return {"start": start, "stop": stop}[verb](unit)
    return 0


def systemd_run(arguments: list[str]) -> int:
    split = arguments.index("--")
    options, command = arguments[:split], arguments[split + 1 :]
    unit = next(option.removeprefix("--unit=") for option in options if option.startswith("--unit="))
    if is_running(unit):
        print(f"Failed to start transient service unit: Unit {unit} was already loaded", file=sys.stderr)
        return 1
    settings = [option.removeprefix("--setenv=") for option in options if option.startswith("--setenv=")]
    environment = {**os.environ, **dict(setting.split("=", 1) for setting in settings)}
    limit = (STATE / "file_size_limit").read_text() if (STATE / "file_size_limit").exists() else ""
    if limit:
        command = ["prlimit", f"--fsize={limit}", *command]
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    pid_file(unit).write_text(str(process.pid))
    try:
        return process.wait()
    finally:
        pid_file(unit).unlink(missing_ok=True)


def journalctl(arguments: list[str]) -> int:
    log = STATE / f"{arguments[-1].removeprefix('_SYSTEMD_UNIT=')}.log"
    since = next(float(text.removeprefix("--since=@")) for text in arguments if text.startswith("--since=@"))
    lines = log.read_text(errors="replace").splitlines() if log.stat().st_mtime >= since else []
    print(lines[-1] if lines else "")
    return 0


def main() -> int:
    name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    call = " ".join([name, *arguments])
    with (STATE / "calls").open("a") as calls:
        calls.write(json.dumps([name, *arguments]) + "\n")
    if name == "journalctl":
        return 0 if arguments == ["--sync"] else journalctl(arguments)
    pattern = STATE / "kill_after"
    matches = pattern.exists() and re.search(pattern.read_text(), call)
    if matches:
        pattern.unlink()
    if matches and name == "systemd-run":  # the transient unit outlives its caller
        os.kill(os.getppid(), signal.SIGKILL)
    code = systemctl(arguments) if name == "systemctl" else systemd_run(arguments)
    sys.stdout.flush()
    if matches and name == "systemctl":
        os.kill(os.getppid(), signal.SIGKILL)
    return code


sys.exit(main())
