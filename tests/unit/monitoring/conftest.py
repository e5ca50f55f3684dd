import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "monitoring"))


@pytest.fixture(scope="session")
def promtool() -> Path:
    program = ROOT / ".lab" / "bin" / "promtool"
    assert program.exists(), "promtool is missing: run lab/setup.sh promtool"
    return program
