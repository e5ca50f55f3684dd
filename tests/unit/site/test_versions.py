"""versions.yml pins what roles download, in the form that Renovate updates."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "versions.yml").read_text()
VERSIONS = yaml.safe_load(TEXT)
DEFAULTS = {path.parents[1].name: path.read_text() for path in ROOT.glob("roles/*/defaults/main.yml")}


def test_renovate_finds_every_pin() -> None:
    (manager,) = json.loads((ROOT / "renovate.json").read_text())["customManagers"]
    (pattern,) = manager["matchStrings"]
    assert manager["managerFilePatterns"] == ["versions.yml"]
    found = [match.groupdict() for match in re.finditer(pattern.replace("(?<", "(?P<"), TEXT)]
    pinned = {value for pin in found for value in (pin["currentValue"], pin["currentDigest"]) if value}
    assert pinned == set(map(str, VERSIONS.values()))


def test_renovate_updates_every_lock_but_those_of_the_application() -> None:
    locks = {
        str(path.relative_to(ROOT))
        for directory in ("requirements", "monitoring", "roles/gateway/files", "tests/bench")
        for path in (ROOT / directory).glob("*.txt")
    }
    assert (
        set(json.loads((ROOT / "renovate.json").read_text())["pip-compile"]["managerFilePatterns"]) == locks
    )
    for lock in locks:
        source = lock.removesuffix(".txt") + ".in"
        assert re.search(
            rf"^#    uv pip compile {source} .*--output-file {lock}$", (ROOT / lock).read_text(), re.M
        )


def test_roles_read_every_version_and_pin_none_themselves() -> None:
    read = {name for text in DEFAULTS.values() for name in re.findall(r"_versions\.(\w+)", text)}
    assert VERSIONS.keys() - read == {"conda_cli_tag_aarch64"}
    for role, text in DEFAULTS.items():
        assert not re.search(r"_(version|image|sha256): *\S*\d+\.\d+|[0-9a-f]{64}", text), role


def test_miniforge_has_one_release_for_every_architecture() -> None:
    assert VERSIONS["conda_cli_tag_aarch64"] == VERSIONS["conda_cli_tag_x86_64"]
