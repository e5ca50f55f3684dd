"""Filter: why a login by SSH failed, in ssh's own words, and the command that corrects it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: ssh_advice
short_description: Explain a failed SSH login
version_added: "1.0.0"
author: ml-workshop
description: Return the last line of ssh's output and how to correct the cause, without a full stop.
positional: _keygen, _key, _host, _user
options:
  _input:
    description: Result of C(ssh HOST true), with the keys rc and stderr.
    type: dict
    required: true
  _keygen:
    description: Result of C(ssh-keygen -y -P '' -f KEY); empty without a key file.
    type: dict
    required: true
  _key:
    description: Path of the key file, or an empty string.
    type: str
    required: true
  _host:
    description: Address of the host.
    type: str
    required: true
  _user:
    description: Login user.
    type: str
    required: true
"""

EXAMPLES = r"""
- ansible.builtin.fail:
    msg: "{{ login | ml_workshop.workshop.ssh_advice({}, '', ansible_host, ansible_user) }}"
"""

RETURN = r"""
_value:
  description: The line and the advice.
  type: str
"""

# Output of `ssh-keygen -y` on the key file, then of ssh -> advice; the first match counts.
KEY_ADVICE = (
    (r"permissions|UNPROTECTED", "the key file {key} can be read by others: run chmod 600 {key}"),
    (
        r"passphrase",
        "the key {key} has a passphrase: add it to an agent: eval $(ssh-agent) && ssh-add {key}",
    ),
    (
        r"invalid format|error in libcrypto|not a (private|public) key",
        "{key} is not a private key in OpenSSH's format: convert a PuTTY key (puttygen {key} "
        "-O private-openssh -o NEW), or remove carriage returns (sed -i 's/\\r$//' {key})",
    ),
)
SSH_ADVICE = (
    (r"IDENTIFICATION HAS CHANGED", "if the host was recreated, remove its old key: ssh-keygen -R {host}"),
    (r"Host key verification failed", "accept its host key once: ssh -o StrictHostKeyChecking=ask {host}"),
    (
        r"Permission denied|Please login as",
        "check ansible_user (it is {user}; images of Ubuntu have ubuntu, of Debian admin) and that {key} is "
        "the key pair that the host was created with",
    ),
    (r"resolve hostname", "check ansible_host, which is {host}"),
    (r"banner exchange|UNKNOWN port|proxy", "check the proxy in ansible_ssh_common_args"),
    (r"", "check the address in the inventory, that the host runs, and that its firewall lets port 22 in"),
)


def ssh_advice(ssh: Mapping[str, Any], keygen: Mapping[str, Any], key: str, host: str, user: str) -> str:
    """Return the last line of ssh and advice; DOCUMENTATION describes the arguments."""
    output = str(ssh.get("stdout", "")) + "\n" + str(ssh.get("stderr", ""))
    lines = [line.strip() for line in output.splitlines() if line.strip(" @\r")]
    words = lines[-1].rstrip(".") if lines else "no answer"
    about_key = str(keygen.get("stderr", "")) if keygen.get("rc") else ""
    advice = [text for pattern, text in KEY_ADVICE if about_key and re.search(pattern, about_key)]
    advice += [text for pattern, text in SSH_ADVICE if re.search(pattern, output)]
    return f"{words}; " + advice[0].format(key=key or "the key of the SSH agent", host=host, user=user)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"ssh_advice": ssh_advice}
