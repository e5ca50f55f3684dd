import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ml_workshop.workshop.plugins.module_utils.conda.difference import actions, listing
from ansible_collections.ml_workshop.workshop.plugins.module_utils.conda.prefix import (
    Package,
    read_environment,
)


def record(prefix: Path, *paths: dict[str, Any]) -> None:
    (prefix / "conda-meta").mkdir(exist_ok=True)
    content = {
        "name": "tool",
        "version": "1.0",
        "build": "h0_0",
        "fn": "tool-1.0-h0_0.conda",
        "channel": "https://example.org/channel/",
        "sha256": "a" * 64,
        "paths_data": {"paths": list(paths), "paths_version": 1},
    }
    (prefix / "conda-meta/tool-1.0-h0_0.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("entry", "damage"),
    [
        ({"_path": "there", "path_type": "hardlink", "size_in_bytes": 5}, None),
        ({"_path": "there", "path_type": "hardlink"}, None),
        ({"_path": "there", "path_type": "hardlink", "size_in_bytes": 6}, "there has 5 bytes instead of 6"),
        ({"_path": "there", "path_type": "hardlink", "size_in_bytes": 6, "prefix_placeholder": "/opt"}, None),
        (
            {"_path": "there", "size_in_bytes": 6, "prefix_placeholder": None},
            "there has 5 bytes instead of 6",
        ),
        ({"_path": "gone", "path_type": "hardlink", "size_in_bytes": 5}, "gone is missing"),
        ({"_path": "there/below", "path_type": "hardlink"}, "there/below is missing"),
        ({"_path": "link", "path_type": "softlink"}, None),
        ({"_path": "gone.pyc", "path_type": "pyc_file"}, None),
        ({"_path": "bin/tool", "path_type": "unix_python_entry_point"}, "bin/tool is missing"),
    ],
)
def test_damage(tmp_path: Path, entry: dict[str, Any], damage: str | None) -> None:
    (tmp_path / "there").write_text("12345")
    (tmp_path / "link").symlink_to("nowhere")
    record(tmp_path, entry)
    environment = read_environment(tmp_path)
    assert environment.packages["tool"].channel == "https://example.org/channel"
    assert environment.damage == ({"tool": damage} if damage else {})


def test_damage_counts_what_it_does_not_name(tmp_path: Path) -> None:
    record(tmp_path, {"_path": "a"}, {"_path": "b"}, {"_path": "c"})
    assert read_environment(tmp_path).damage == {"tool": "a is missing and 2 more"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "tool"}'])
def test_unreadable_record_is_damage(tmp_path: Path, content: str) -> None:
    (tmp_path / "conda-meta").mkdir()
    path = tmp_path / "conda-meta/tool-1.0-h0_0.json"
    path.write_text(content)
    environment = read_environment(tmp_path)
    assert environment.broken_records == [path]
    assert environment.damage == {"tool": "conda-meta/tool-1.0-h0_0.json is unreadable"}


def test_no_environment(tmp_path: Path) -> None:
    environment = read_environment(tmp_path / "none")
    assert not environment.exists
    assert environment.packages == {}


def package(name: str, version: str = "1.0", **hashes: str) -> Package:
    return Package(name, version, "h0_0", "https://example.org", f"{name}-{version}-h0_0.conda", hashes)


def test_actions() -> None:
    before = {name: package(name, sha256="1") for name in ("same", "newer", "rebuilt", "gone", "hurt")}
    after = {
        "same": package("same", md5="2"),
        "newer": package("newer", "2.0"),
        "rebuilt": package("rebuilt", sha256="2"),
        "hurt": package("hurt"),
        "more": package("more"),
    }
    assert actions(before, after, {"hurt": "", "gone": ""}) == {
        "install": ["more"],
        "change": ["newer", "rebuilt"],
        "remove": ["gone"],
        "repair": ["hurt"],
    }


def test_listing_is_one_sorted_line_a_package() -> None:
    packages = {"b": package("b"), "a": package("a", "2.0")}
    assert listing(packages, {"b": "x is missing", "c": "unreadable"}) == (
        "a 2.0 h0_0 https://example.org\n"
        "b 1.0 h0_0 https://example.org  # damaged: x is missing\n"
        "c  # damaged: unreadable\n"
    )
