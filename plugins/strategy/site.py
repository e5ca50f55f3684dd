"""Mitogen's linear strategy if Mitogen is installed on the controller, or else Ansible's linear strategy.

ansible.cfg can name only one strategy, and has to work with and without Mitogen.
Set ML_WORKSHOP_MITOGEN=0 to disable Mitogen.
"""

from __future__ import annotations

import gc
import os

from ansible import context
from ansible.errors import AnsibleOptionsError
from ansible.plugins.loader import strategy_loader

DOCUMENTATION = """
name: site
short_description: linear, through Mitogen when it is installed
description:
  - Same order of tasks and same results as C(linear). Mitogen keeps one Python process per host alive,
    so a run of many small tasks is several times faster.
author: ml-workshop
"""

_linear = strategy_loader.get("linear", class_only=True)

try:
    if os.environ.get("ML_WORKSHOP_MITOGEN", "1") == "0":
        raise ImportError
    import ansible_mitogen.strategy
except ImportError:
    _bases: tuple[type, ...] = (_linear,)
else:
    _bases = (ansible_mitogen.strategy.StrategyMixin, _linear)


# Built by calling `type`, since the bases are only known here.
StrategyModule = type("StrategyModule", _bases, {})

# Ansible forks a process for each task. Without this, the garbage collector of each process writes to all
# objects of the loaded playbook, and the kernel copies their pages: a fifth of the time of a second run.
gc.freeze()

if context.CLIARGS.get("start_at_task"):
    raise AnsibleOptionsError(
        "--start-at-task skips the tasks whose results later tasks need; "
        "run one phase of a role instead: --tags ROLE_install, ROLE_configure or ROLE_run."
    )
