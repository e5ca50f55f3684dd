"""Write the interpreter that runs this script, and its standard library, as a tar archive to standard output.

Runs inside the lab's host image (`docker run IMAGE python3 - < this file`), therefore the standard library
only. The archive is laid out like a conda environment (bin/, lib/pythonX.Y/), with `facts.json`.
"""

import io
import json
import platform
import re
import sys
import sysconfig
import tarfile
from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
#: Parts of the standard library that a conda environment must not get from the distribution:
#: build configuration, caches, tests, and what redirects installations to the distribution's own directories.
SKIPPED = re.compile(
    r"(^|/)(__pycache__|config-[^/]+|test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|dist-packages|site-packages"
    r"|EXTERNALLY-MANAGED|sitecustomize\.py|_distutils_system_mod\.py|_test[^/]*\.so|_xxtest[^/]*\.so|.*\.pyc)(/|$)"
)


def add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    """Add one file without owner or time, so that the same tree always makes the same archive."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    archive.addfile(member, io.BytesIO(content))


def main() -> None:
    """Collect the interpreter."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        for path in sorted(stdlib.rglob("*")):
            name = path.relative_to(stdlib).as_posix()
            if path.is_file() and not SKIPPED.search(name):
                add(archive, f"lib/python{VERSION}/{name}", path.read_bytes(), 0o644)
        add(archive, f"bin/python{VERSION}", Path(sys.executable).resolve().read_bytes(), 0o755)
        facts = {
            "version": platform.python_version(),
            "machine": platform.machine(),
            "glibc": platform.libc_ver()[1],
        }
        add(archive, "facts.json", json.dumps(facts).encode(), 0o644)


main()
