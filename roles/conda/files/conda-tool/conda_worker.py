"""Solve and install conda environments with py-rattler, for the Ansible module conda_environment.

A process of its own because py-rattler's runtime threads can crash an orderly exit of the interpreter: this
one writes its answer and leaves by `os._exit`. One JSON object on standard input, one on standard output:

    {"prefix": DIR, "specs": [SPEC, ...], "channels": [URL, ...], "platform": "linux-64", "cache_dir": DIR,
     "update": bool, "damaged": [NAME, ...], "broken_records": [FILE, ...], "check": bool}

or, instead of specs and channels, `"locked": [{"url": URL, "md5" or "sha256": HEX}, ...]`. The answer is
`{"changed": bool, "packages": [{"name", "version", "build", "channel", "file_name", "md5", "sha256"}, ...]}`
or `{"failure": one of FAILURES, "message": a sentence without a full stop, "details": several lines}`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rattler import (
    Channel,
    Client,
    Gateway,
    MatchSpec,
    PackageCache,
    PackageRecord,
    PrefixRecord,
    RepoDataRecord,
    Subdir,
    ValidationMode,
    VirtualPackage,
    install,
    solve,
)
from rattler.exceptions import (
    GatewayError,
    InvalidChannelError,
    InvalidMatchSpecError,
    ParseSubdirError,
    SolverError,
)
from rattler.package_streaming import PackageArchive

FAILURES = ("channel", "spec", "unsatisfiable", "download", "space", "permission", "internal")

#: A package unpacks to about this multiple of its archive (measured: 5 for python, 4 for pip).
UNPACKED = 5
MEGABYTE = 1_000_000

#: Messages of py-rattler, and of reqwest below it, about a package that is not available.
DOWNLOAD_FAILED = re.compile(
    r"error sending request|failed to (fetch|download)|status (client|server) error|hash mismatch"
)


class Failure(Exception):
    """A failure that needs an action of the user."""

    def __init__(self, kind: str, message: str, details: str = "") -> None:
        """Store the kind (one of FAILURES), a sentence, and details."""
        super().__init__(message)
        self.kind = kind
        self.details = details


def installed_records(prefix: Path, broken: Iterable[str]) -> list[PrefixRecord]:
    """Read the records of an environment, those that can be read."""
    unreadable = set(broken)
    paths = sorted((prefix / "conda-meta").glob("*.json"))
    return [PrefixRecord.from_path(path) for path in paths if str(path) not in unreadable]


def name_of(record: PackageRecord) -> str:
    """Return a record's name as conda spells it."""
    return record.name.normalized


def satisfied(records: list[PrefixRecord], specs: list[MatchSpec], channels: list[Channel]) -> bool:
    """Return whether the records are exactly what the specs require, all from these channels.

    Needs no repodata: every spec is matched, every dependency is met, and every record is reachable from a
    spec.
    """
    by_name = {name_of(record): record for record in records}
    known = {channel.base_url.rstrip("/") for channel in channels}
    if any(record.channel.rstrip("/") not in known for record in records):
        return False
    pending = []
    for spec in specs:
        name = str(spec.name.normalized)
        record = by_name.get(name)
        if record is None or not spec.matches(record):
            return False
        if spec.channel is not None and spec.channel.base_url.rstrip("/") != record.channel.rstrip("/"):
            return False
        pending.append(name)
    try:
        PackageRecord.validate(list(records))
    except Exception:  # the exception's type is not part of py-rattler's interface
        return False
    reached: set[str] = set()
    while pending:
        name = pending.pop()
        if name in by_name and name not in reached:
            reached.add(name)
            pending += [dependency.split()[0] for dependency in by_name[name].depends]
    return reached == by_name.keys()


async def solution(
    request: dict[str, Any],
    repodata_dir: Path,
    installed: list[PrefixRecord],
    specs: list[MatchSpec],
    channels: list[Channel],
) -> list[RepoDataRecord]:
    """Solve the specs; installed packages are kept where that is possible, unless `update` is set.

    Raises:
        Failure: a channel cannot be read, or the specs cannot be met.
    """
    known = {channel.base_url.rstrip("/") for channel in channels}
    kept = (
        [] if request["update"] else [record for record in installed if record.channel.rstrip("/") in known]
    )
    try:
        return await solve(
            sources=channels,
            specs=specs,
            gateway=Gateway(cache_dir=repodata_dir, client=Client.default_client()),
            platforms=[Subdir(request["platform"]), Subdir("noarch")],
            locked_packages=list(kept),
            virtual_packages=VirtualPackage.detect(),
        )
    except GatewayError as error:
        names = " or ".join(channel.base_url for channel in channels)
        raise Failure("channel", f"the channel {names} cannot be read", str(error)) from None
    except SolverError as error:
        raise Failure(
            "unsatisfiable", f"no set of packages satisfies {', '.join(request['specs'])}", str(error)
        ) from None


async def locked_records(
    locked: list[dict[str, str]], cache_dir: Path, platform: str
) -> list[RepoDataRecord]:
    """Read the metadata of the archives of a lock; where the server can, a few kilobytes of each.

    Raises:
        Failure: an archive cannot be read, or a local one has another hash.
    """
    client = Client.default_client()

    async def record(entry: dict[str, str]) -> RepoDataRecord:
        url = entry["url"]
        try:
            if url.startswith("file://"):
                path = Path(unquote(urlsplit(url).path))
                verify(path, entry)
                archive = await PackageArchive.from_path(path)
            else:
                archive = await PackageArchive.from_url(client, url)
            index = await archive.read_file("info/index.json")
        except OSError as error:
            raise Failure("download", f"the locked package {url} cannot be read", str(error)) from None
        if index is None:
            raise Failure("download", f"{url} is not a conda package (it has no info/index.json)")
        with tempfile.NamedTemporaryFile(dir=cache_dir, suffix=".json") as file:
            file.write(index)
            file.flush()
            package = PackageRecord.from_index_json(
                Path(file.name), sha256=entry.get("sha256"), md5=entry.get("md5")
            )
        location, _, file_name = url.rpartition("/")
        subdir = location.rpartition("/")[2]
        if subdir not in (platform, "noarch"):
            raise Failure("spec", f"the lock file names a package for {subdir}, this host is {platform}")
        package.subdir = subdir
        return RepoDataRecord(package, file_name, url, location.rpartition("/")[0] + "/")

    return list(await asyncio.gather(*(record(entry) for entry in locked)))


def verify(path: Path, entry: dict[str, str]) -> None:
    """Compare a local archive with its locked hash; py-rattler does so for downloads only.

    Raises:
        Failure: it differs.
    """
    kind = "sha256" if "sha256" in entry else "md5"
    digest = hashlib.new(kind, path.read_bytes(), usedforsecurity=kind == "sha256").hexdigest()
    if digest != entry[kind]:
        raise Failure(
            "download",
            f"{path} differs from the lock file: its {kind} is {digest} instead of {entry[kind]}",
        )


def existing_parent(path: Path) -> Path:
    """Return the nearest directory at or above `path` that exists."""
    while not path.exists():
        path = path.parent
    return path


async def check_space(records: list[RepoDataRecord], cache_dir: Path, prefix: Path) -> None:
    """See that what is going to be unpacked fits; files are hard links from the cache where that is possible.

    Raises:
        Failure: not enough space, with both numbers.
    """
    cached = await PackageCache(cache_dir / "pkgs").index() if (cache_dir / "pkgs").is_dir() else None
    fetched = sum(r.size or 0 for r in records if cached is None or not cached.contains_record(r))
    linked = sum(r.size or 0 for r in records) * UNPACKED * (2 if prefix.exists() else 1)
    places = {cache_dir: fetched * (1 + UNPACKED)}
    if existing_parent(cache_dir).stat().st_dev != existing_parent(prefix).stat().st_dev:
        places[prefix] = linked
    for place, needed in places.items():
        free = shutil.disk_usage(existing_parent(place)).free
        if needed > free:
            raise Failure("space", space_message(place, needed, free))


def space_message(place: Path, needed: int, free: int) -> str:
    """Describe how much space is missing where; sizes in bytes."""
    return (
        f"no space: the environment needs about {needed // MEGABYTE + 1} MB at {existing_parent(place)}, "
        f"{free // MEGABYTE} MB are free"
    )


async def change(request: dict[str, Any], records: list[RepoDataRecord], specs: list[MatchSpec]) -> None:
    """Install exactly these records into the environment.

    First a complete copy is linked next to the prefix. It fetches and unpacks everything, so that what can
    fail fails before anything of the old environment is touched. A new environment is that copy, renamed. In
    an old one, where pip may have installed more, the difference is then applied in place, from the cache
    alone.

    Raises:
        Failure: a download failed, or the installer did.
    """
    prefix, cache_dir = Path(request["prefix"]), Path(request["cache_dir"])
    copy = prefix.with_name(f".{prefix.name}.incoming")
    # An environment's files are hard links into the cache: what damaged the one has damaged the other.
    cache = PackageCache.new_layered([cache_dir / "pkgs"], validation_mode=ValidationMode.full())

    async def link(target: Path, installed: list[PrefixRecord]) -> None:
        await install(
            records,
            target_prefix=target,
            package_cache=cache,
            installed_packages=installed,
            reinstall_packages=set(request["damaged"]),
            platform=Subdir(request["platform"]),
            show_progress=False,
            client=Client.default_client(),
            # py-rattler 0.28 takes the inner objects here.
            requested_specs=[spec._match_spec for spec in specs] or None,
            alternative_target_prefix=prefix,
        )

    shutil.rmtree(copy, ignore_errors=True)
    prefix.parent.mkdir(parents=True, exist_ok=True)
    try:
        await link(copy, [])
        if not prefix.exists() or not any(prefix.iterdir()):
            copy.replace(prefix)
        else:
            for path in request["broken_records"]:
                Path(path).unlink(missing_ok=True)
            await link(prefix, installed_records(prefix, ()))
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    for path in (prefix / "conda-meta").glob("*.json"):
        path.chmod(0o644)  # written 0600; `conda list` and other tools read them


def describe(record: RepoDataRecord) -> dict[str, str]:
    """Describe a record for the module."""
    description = {
        "name": name_of(record),
        "version": str(record.version),
        "build": str(record.build),
        "channel": record.channel.rstrip("/"),
        "file_name": record.file_name,
    }
    return description | {
        kind: digest.hex() for kind, digest in (("md5", record.md5), ("sha256", record.sha256)) if digest
    }


async def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Execute the request.

    Raises:
        Failure: with a sentence that explains it.
    """
    prefix, cache_dir = Path(request["prefix"]), Path(request["cache_dir"])
    installed = installed_records(prefix, request["broken_records"])
    intact = not request["damaged"] and not request["broken_records"]
    specs: list[MatchSpec] = []
    if "locked" in request:
        cache_dir.mkdir(parents=True, exist_ok=True)
        records = await locked_records(request["locked"], cache_dir, request["platform"])
    else:
        try:
            specs = [MatchSpec(spec) for spec in request["specs"]]
            channels = [Channel(url) for url in request["channels"]]
        except (InvalidMatchSpecError, InvalidChannelError) as error:
            raise Failure("spec", f"the specs or channels cannot be read: {error}") from None
        unchanged = not request["update"] and satisfied(installed, specs, channels)
        if unchanged and intact:
            return {"changed": False, "packages": [describe(record) for record in installed]}
        # A check leaves no trace, a cache of repodata neither.
        traceless = request["check"] and not cache_dir.exists()
        with tempfile.TemporaryDirectory() if traceless else nullcontext(cache_dir / "repodata") as repodata:
            records = (
                list(installed)
                if unchanged
                else await solution(request, Path(repodata), installed, specs, channels)
            )
    result = [describe(record) for record in records]
    if intact and sorted(map(str, result)) == sorted(str(describe(record)) for record in installed):
        return {"changed": False, "packages": result}
    await check_space(records, cache_dir, prefix)
    if not request["check"]:
        await change(request, records, specs)
    return {"changed": True, "packages": result}


def failure(error: BaseException, request: dict[str, Any]) -> Failure:
    """Convert an error of the solver or the installer to a sentence."""
    text = str(error)
    if isinstance(error, Failure):
        return error
    if isinstance(error, ParseSubdirError):
        return Failure("spec", f"{request['platform']} is not a conda platform", text)
    if re.search(r"No space left on device|os error 28\b", text):
        place = Path(request["cache_dir"])
        free = shutil.disk_usage(existing_parent(place)).free // MEGABYTE
        return Failure("space", f"no space left at {place}, {free} MB are free", text)
    if isinstance(error, PermissionError) or re.search(r"os error (13|30)\b", text):
        return Failure("permission", f"{request['prefix']} or {request['cache_dir']} cannot be written", text)
    if DOWNLOAD_FAILED.search(text):
        return Failure("download", "a package cannot be downloaded", text)
    return Failure(
        "internal", f"{type(error).__name__}: {text.splitlines()[0] if text else 'no message'}", text
    )


def main() -> None:
    """Answer the request on standard input."""
    request = json.load(sys.stdin)
    os.umask(0o022)  # sudo may come with a stricter one, and everybody runs what is in the environment
    warnings.simplefilter("ignore")
    try:
        reply = asyncio.run(answer(request))
    except BaseException as error:  # a panic in Rust is a BaseException
        reason = failure(error, request)
        reply = {"failure": reason.kind, "message": str(reason), "details": reason.details}
    json.dump(reply, sys.stdout)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
