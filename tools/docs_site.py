"""MkDocs hook: pages from README files outside of docs/, and links that are right on GitHub and on the site.

A relative link to a file without a page on the site becomes a link to the repository. A link to a file that
does not exist is an error.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")

# File of the repository -> page of the site, in addition to docs/.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security-policy.md",
    "molecule/README.md": "molecule.md",
    "monitoring/README.md": "monitoring.md",
} | {
    f"roles/{path.parent.name}/README.md": f"roles/{path.parent.name}.md"
    for path in ROOT.glob("roles/*/README.md")
}


def page_of(file: str) -> str | None:
    """Return the page that shows a file of the repository."""
    return PAGES.get(file) or (file.removeprefix("docs/") if file.startswith("docs/") else None)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append every runbook and role to the navigation."""
    runbooks = sorted(path.name for path in ROOT.glob("docs/runbooks/*.md") if path.name != "README.md")
    config.nav = [
        *(config.nav or []),
        {"Roles": sorted(page for page in PAGES.values() if page.startswith("roles/"))},
        {"Runbooks": ["runbooks/README.md", *(f"runbooks/{name}" for name in runbooks)]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite relative links."""
    here = page.file.src_uri
    source = next((file for file, each in PAGES.items() if each == here), f"docs/{here}")

    def target(link: re.Match[str]) -> str:
        file = os.path.normpath(Path(source).parent / link[1])
        if not (ROOT / file).exists():
            raise PluginError(f"{source} links to {link[1]}, which does not exist")
        linked = page_of(file + "/README.md" if (ROOT / file / "README.md").exists() else file)
        if linked is None or not linked.endswith((".md", ".svg", ".png", ".json")):
            return f"{config.repo_url}/blob/main/{file}"
        return os.path.relpath(linked, Path(here).parent)

    return LINK.sub(target, markdown)
