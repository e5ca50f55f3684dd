"""app/src uses documented names of the libraries that serve, and overrides documented methods only."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "app" / "src" / "ml_workshop"
LIBRARIES = {"gunicorn", "flask", "werkzeug", "prometheus_client", "uvloop"}

# Base class: methods that its documentation allows to override.
DOCUMENTED = {
    "BaseApplication": {"load_config", "load"},  # https://gunicorn.org/custom/
    "Flask": {"session_interface", "ensure_sync", "create_url_adapter"},  # flask.palletsprojects.com/api
    "SessionInterface": {"open_session"},  # the same
    "Response": {"get_wsgi_headers"},  # https://werkzeug.palletsprojects.com/en/stable/wrappers/
    "Collector": {"collect"},  # https://prometheus.github.io/client_python/collector/custom/
}


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCE.rglob("*.py"):
        yield path, ast.parse(path.read_text())


def imported(tree: ast.Module) -> dict[str, str]:
    """Return the full name behind each local one that a library of interest is imported as."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({(alias.asname or alias.name): alias.name for alias in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return {local: full for local, full in names.items() if full.split(".")[0] in LIBRARIES}


def test_no_private_name_is_imported_or_read() -> None:
    found = []
    for path, tree in modules():
        names = imported(tree)
        private = [full for full in names.values() if any(part.startswith("_") for part in full.split("."))]
        read = [
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in {*names, "super"}
            and node.attr.startswith("_")
        ]
        found += [(path.name, name) for name in private + read]
    assert found == []


def test_only_documented_methods_are_overridden() -> None:
    subclasses = 0
    for path, tree in modules():
        names = imported(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in names]
            subclasses += len(bases)
            members = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
            for item in node.body:
                if isinstance(item, ast.Assign):
                    members |= {target.id for target in item.targets if isinstance(target, ast.Name)}
            for base in bases:
                undocumented = {name for name in members - DOCUMENTED[base] if name[:1] != "_"}
                assert not undocumented, (path.name, node.name, undocumented)
    assert subclasses >= len(DOCUMENTED)
