#!/usr/bin/python
"""Ansible module: write logins and TLS of a Prometheus server or exporter."""

from __future__ import annotations

import ctypes
import json
import re
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
---
module: web_config
short_description: Write the web configuration file of Prometheus, Alertmanager or an exporter
description:
  - Writes the file of C(--web.config.file) with a bcrypt hash of each password.
  - A hash that fits its password stays.
  - Removes the file when there are neither logins nor a certificate.
version_added: "1.0.0"
author: ml-workshop
extends_documentation_fragment: [files]
attributes:
  check_mode:
    support: full
options:
  dest:
    description: The file.
    type: path
    required: true
  logins:
    description: Name to password.
    type: dict
    required: true
  tls_file:
    description: PEM file on the host of a certificate and its key; empty for plain HTTP.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Write who may log in
  ml_workshop.workshop.web_config:
    dest: /etc/prometheus/web.yml
    logins: {admin: "{{ vault_password }}"}
"""

RETURN = r"""
names:
  description: Who may log in.
  type: list
  elements: str
  returned: success
"""

COST = 10


def hash_password(password: str, setting: bytes = b"") -> str:
    """Return the bcrypt hash of a password, with the salt of `setting` or a new one."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = library.crypt_gensalt.restype = ctypes.c_char_p
    setting = setting or library.crypt_gensalt(b"$2b$", ctypes.c_ulong(COST), None, 0)
    return str(library.crypt(password.encode(), setting).decode())


def hash_logins(logins: dict[str, str], known: dict[str, str]) -> dict[str, str]:
    """Return name to hash; the known hash where it fits the password."""
    return {
        name: known[name]
        if name in known and hash_password(password, known[name].encode()) == known[name]
        else hash_password(password)
        for name, password in logins.items()
    }


def render(hashes: dict[str, str], tls_file: str = "") -> str:
    """Return the file's text; JSON strings are YAML."""
    sections = {
        "tls_server_config": {"cert_file": tls_file, "key_file": tls_file} if tls_file else {},
        "basic_auth_users": dict(sorted(hashes.items())),
    }
    lines = []
    for section, entries in sections.items():
        lines += [f"{section}:\n"] if entries else []
        lines += [f"  {json.dumps(key)}: {json.dumps(value)}\n" for key, value in entries.items()]
    return "# Managed by Ansible (ml-workshop)\n" + "".join(lines) if lines else ""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "dest": {"type": "path", "required": True},
            "logins": {"type": "dict", "required": True, "no_log": True},
            "tls_file": {"type": "str", "default": ""},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    dest = Path(module.params["dest"])
    old = dest.read_text() if dest.exists() else ""
    known = {
        json.loads(name): json.loads(value) for name, value in re.findall(r'(?m)^  (".*"): (".*")$', old)
    }
    logins = {name: str(password) for name, password in module.params["logins"].items()}
    new = render(hash_logins(logins, known), module.params["tls_file"])
    changed = new != old
    if changed and not module.check_mode:
        if new:
            temporary = Path(module.tmpdir, "web.yml")
            temporary.touch(mode=0o600)
            temporary.write_text(new)
            module.atomic_move(str(temporary), str(dest))
        else:
            dest.unlink()
    if new:
        arguments = module.load_file_common_arguments(module.params, path=str(dest))
        changed = module.set_fs_attributes_if_different(arguments, changed)
    module.exit_json(changed=changed, names=sorted(logins))


if __name__ == "__main__":
    main()
