"""Readable YAML: keys in order, block scalars, no anchors."""

from collections.abc import Mapping

import yaml


def to_yaml(content: Mapping[str, object], source: str) -> str:
    """Text of a generated file, with a header that names its source."""
    header = f"---\n# Made by monitoring/generate.py from {source}; changes made here are lost.\n"
    return header + yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _write_text)
