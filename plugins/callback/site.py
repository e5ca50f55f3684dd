"""Ansible's default output, in which a task that waits prints one line, and no "FAILED - RETRYING"."""

from __future__ import annotations

from ansible.executor.task_result import CallbackTaskResult
from ansible.plugins.callback.default import CallbackModule as Default

DOCUMENTATION = """
name: site
type: stdout
short_description: default output, without a failure for each attempt of a task that waits
description:
  - The output of C(ansible.builtin.default), but a task with C(until) prints one line when its condition is
    not true at once. With C(-v) it prints each attempt.
author: ml-workshop
extends_documentation_fragment: [default_callback, result_format_callback]
"""


class CallbackModule(Default):  # type: ignore[misc]  # Ansible has no types
    """The output of ansible.cfg."""

    CALLBACK_NAME = "ml_workshop.workshop.site"

    def v2_runner_retry(self, result: CallbackTaskResult) -> None:
        """Print the first attempt of a task that is tried again."""
        if self._display.verbosity:
            super().v2_runner_retry(result)
        elif result.result["attempts"] == 1:
            self._display.display(f"waiting: [{self.host_label(result)}]")
