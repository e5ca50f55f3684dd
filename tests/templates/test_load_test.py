"""The role load_test."""

import re
from collections.abc import Callable

from .conftest import ROOT, role_variables


def test_problems_name_variables_of_the_role(evaluate: Callable[..., str]) -> None:
    source = (ROOT / "app/src/ml_workshop/loadtest/slo_check.py").read_text()
    options = re.findall(r"--[a-z-]+", source)
    named = evaluate("load_test", "__load_test_problems", __load_test_result={"problems": options})
    assert "load_test_hold_seconds" in named
    assert set(named.split()) <= role_variables("load_test").keys()
