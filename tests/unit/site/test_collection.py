"""The repository as a collection: built, installed, documented, accepted by galaxy-importer."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
COLLECTION = "ml_workshop.workshop"
BIN = Path(sys.executable).parent


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    completed = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout + completed.stderr


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("build")
    run(BIN / "ansible-galaxy", "collection", "build", "--output-path", directory, ROOT, cwd=directory)
    return next(directory.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def installed(archive: Path) -> Path:
    """An empty directory with the collection in it."""
    path = archive.parent / "collections"
    run(
        *(BIN / "ansible-galaxy", "collection", "install", "--no-deps", "--offline", archive),
        *("--collections-path", path),
        cwd=archive.parent,
        ANSIBLE_COLLECTIONS_PATH=str(path),
    )
    return path


def test_collection_holds_what_roles_and_playbooks_read_and_nothing_else(installed: Path) -> None:
    root = installed / "ansible_collections/ml_workshop/workshop"
    assert {path.name for path in root.iterdir()} == {
        *(
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "FILES.json",
            "LICENSE",
            "MANIFEST.json",
            "README.md",
            "SECURITY.md",
            "site.yml",
            "versions.yml",
        ),
        *("app", "group_vars", "meta", "monitoring", "playbooks", "plugins", "roles"),
    }
    assert (root / "monitoring/slo.yml").exists()
    assert not list(root.rglob("__pycache__"))


@pytest.mark.parametrize("kind", ["module", "filter", "role"])
def test_ansible_doc_shows_everything(installed: Path, kind: str) -> None:
    paths = {
        "module": ROOT.glob("plugins/modules/*.py"),
        "filter": ROOT.glob("plugins/filter/*.py"),
        "role": (ROOT / "roles").iterdir(),
    }[kind]
    names = {f"{COLLECTION}.{path.stem}" for path in paths}
    output = run(
        *(BIN / "ansible-doc", "--json", "--type", kind, *sorted(names)),
        cwd=installed,
        ANSIBLE_COLLECTIONS_PATH=str(installed),
    )
    assert json.loads(output).keys() == names


def test_galaxy_importer_accepts_the_collection(archive: Path) -> None:
    # `make lint` runs ansible-lint, over the same files and with the repository's configuration.
    config = archive.parent / "galaxy-importer.cfg"
    config.write_text(
        "[galaxy-importer]\nCHECK_REQUIRED_TAGS = True\nCHECK_CHANGELOG = True\nRUN_ANSIBLE_LINT = False\n"
    )
    output = run(
        *(sys.executable, "-m", "galaxy_importer.main", archive),
        cwd=archive.parent,
        GALAXY_IMPORTER_CONFIG=str(config),
        PATH=f"{BIN}:{os.environ['PATH']}",
    )
    assert "Importer processing completed successfully" in output
    assert not re.search("WARNING|ERROR", output), output


def test_one_version_covers_everything() -> None:
    changelog = re.findall(r"^## (\d+\.\d+\.\d+) ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    application = tomllib.loads((ROOT / "app/pyproject.toml").read_text())["project"]["version"]
    collection = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    assert changelog[0] == application == collection


def test_dependencies_are_the_collections_that_roles_and_playbooks_use() -> None:
    files = [
        *ROOT.glob("roles/*/tasks/*.yml"),
        *ROOT.glob("roles/*/handlers/*.yml"),
        *ROOT.glob("playbooks/**/*.yml"),
    ]
    used = {
        name
        for file in files
        for name in re.findall(r"^ *(?:- )?([a-z_]+\.[a-z_]+)\.[a-z0-9_]+:", file.read_text(), re.MULTILINE)
    } - {"ansible.builtin", COLLECTION}
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"].keys() == used
