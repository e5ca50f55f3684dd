"""Write the lab's additional hosts: several serving hosts and the gateway host in front of them.

The output is an inventory file that Ansible reads after inventory/lab/hosts.yml. With one serving host there
is no such file. Without a count, the lab keeps the hosts that it has.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import yaml

MOST = 9


def inventory(count: int) -> dict[str, Any]:
    """Describe the hosts for `count` serving hosts (2 or more) and a gateway.

    The gateway is published at 127.0.0.1, as the only serving host of a small lab is. Serving host number n
    is published at 127.0.0.(n+1), so that verify.yml reaches each of them at the usual ports.
    """
    serving: dict[str, Any] = {}
    for number in range(1, count + 1):
        suffix = "" if number == 1 else str(number)
        address = f"127.0.0.{number + 1}"
        serving[f"instance-a{suffix}"] = {
            "ansible_host": f"ml-workshop-lab-a{suffix}",
            "public_address": address,
            "lab_published_ports": [f"{address}:{port}:{port}" for port in (8000, 8443, 8089)],
        }
    serving["instance-a"]["lab_published_ports"].append("127.0.0.1:8089:8089")
    gateway = {
        "gateway-1": {
            "ansible_host": "ml-workshop-lab-gateway",
            "public_address": "127.0.0.1",
            "lab_published_ports": ["127.0.0.1:8000:8000", "127.0.0.1:8443:8443"],
        }
    }
    return {
        "instance_a": {"hosts": serving},
        "gateway": {"hosts": gateway},
        "lab": {"children": {"gateway": {}}},
    }


def write(output: Path, count: str) -> None:
    """Write the inventory file for the count.

    Args:
        output: YAML file to write, or to remove for one serving host.
        count: Number of serving hosts; empty keeps what is there.

    Raises:
        SystemExit: The count isn't a number from 1 to 9.
    """
    if not count:
        return
    if count not in map(str, range(1, MOST + 1)):
        raise SystemExit(f"LAB_INFERENCE_HOSTS is {count!r}; set it to a whole number from 1 to {MOST}.")
    if count == "1":
        output.unlink(missing_ok=True)
        return
    output.write_text(
        "---\n# Written by lab/hosts.py; not committed.\n" + yaml.safe_dump(inventory(int(count)))
    )


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="inventory file to write or to remove")
    parser.add_argument("count", help=f"serving hosts, 1 to {MOST}; empty keeps the hosts of the lab")
    options = parser.parse_args()
    write(options.output, options.count)


if __name__ == "__main__":
    main()
