"""Fixtures: a gateway, with fake slots or with the application behind it."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from fake_slot import FakeSlot  # noqa: E402
from gateway_process import ROLE, Gateway, running_gateway, wait_until  # noqa: E402

Start = Callable[..., Gateway]


@pytest.fixture(scope="session")
def configuration() -> Callable[..., str]:
    """Render the role's haproxy.cfg with the role's defaults and the given variables."""
    init_plugin_loader([])
    path = HERE.parent / "templates" / "conftest.py"
    spec = importlib.util.spec_from_file_location("templates_conftest", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    template = ROLE / "templates" / "haproxy.cfg.j2"

    def render(**variables: Any) -> str:
        loader = DataLoader()
        loader.set_basedir(str(template.parent))
        templar = Templar(loader=loader, variables=module.role_variables("gateway") | variables)
        return templar.template(
            trust_as_template(f"{{{{ lookup('ansible.builtin.template', '{template}') }}}}")
        )

    return render


@pytest.fixture
def start(configuration: Callable[..., str], tmp_path: Path) -> Iterator[Start]:
    """Start a gateway with variables of the role."""
    with ExitStack() as stack:

        def start_gateway(output: Any = None, **variables: Any) -> Gateway:
            return stack.enter_context(running_gateway(configuration, tmp_path, output, **variables))

        yield start_gateway


@pytest.fixture
def blue(tmp_path: Path) -> Iterator[FakeSlot]:
    with FakeSlot(tmp_path, "blue") as slot:
        yield slot


@pytest.fixture
def green(tmp_path: Path) -> Iterator[FakeSlot]:
    with FakeSlot(tmp_path, "green") as slot:
        yield slot


@pytest.fixture
def gateway(start: Start, blue: FakeSlot) -> Gateway:
    """A gateway in front of one slot."""
    started = start()
    started.runtime_api("set server inference/green state maint")
    wait_until("blue is up", lambda: started.is_up("blue"))
    return started
