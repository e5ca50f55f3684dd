"""Write the interpreter that runs this script, with its standard library, to standard output as a tar archive.

Runs inside the lab's host image (`docker run IMAGE python3 - < this file`), therefore the standard library only.
The archive is laid out like a conda environment: bin/, lib/pythonX.Y/. Beside the files it holds `facts.json`.
"""

import io
import json
import os
import platform
import re
import sys
import sysconfig
import tarfile

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
    stdlib = sysconfig.get_path("stdlib")
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
        for folder, directories, files in os.walk(stdlib):
            relative = os.path.relpath(folder, stdlib)
            directories[:] = sorted(d for d in directories if not SKIPPED.search(os.path.normpath(os.path.join(relative, d))))
            for file in sorted(files):
                name = os.path.normpath(os.path.join(relative, file))
                if not SKIPPED.search(name):
                    with open(os.path.join(folder, file), "rb") as source:
                        add(archive, f"lib/python{VERSION}/{name}", source.read(), 0o644)
        with open(os.path.realpath(sys.executable), "rb") as source:
            add(archive, f"bin/python{VERSION}", source.read(), 0o755)
        facts = {
            "version": platform.python_version(),
            "machine": platform.machine(),
            "glibc": platform.libc_ver()[1],
        }
        add(archive, "facts.json", json.dumps(facts).encode(), 0o644)


main()
