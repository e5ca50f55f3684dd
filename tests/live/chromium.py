"""Chromium with the authority of a site."""

import os
import subprocess
from pathlib import Path


def environment(home: Path) -> dict[str, str]:
    """Return an environment in which Chromium trusts the authority that requests trusts."""
    if authority := os.environ.get("REQUESTS_CA_BUNDLE"):
        database = home / ".pki/nssdb"
        database.mkdir(parents=True)
        for arguments in (["-N", "--empty-password"], ["-A", "-n", "site", "-t", "C", "-i", authority]):
            subprocess.run(["certutil", "-d", f"sql:{database}", *arguments], check=True)
    return os.environ | {"HOME": str(home)}
