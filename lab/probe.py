"""Probe what this machine can reach and choose the lab's sources accordingly.

Prints a table and writes the choice as group variables of the lab's hosts.
Each choice can be overridden on the command line of ansible-playbook like any variable.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import http.client
import os
import shutil
import ssl
import sys
from pathlib import Path
from urllib.parse import urlsplit

import yaml

TIMEOUT_SECONDS = 4
ENDPOINTS = {
    "container registry": "https://registry-1.docker.io/v2/",
    "conda-forge": "https://conda.anaconda.org/conda-forge/noarch/repodata.json.zst",
    "PyTorch CPU index": "https://download.pytorch.org/whl/cpu/torch/",
    "Hugging Face hub": "https://huggingface.co/api/datasets/stanfordnlp/imdb",
    "release archives": "https://github.com/prometheus/prometheus/releases",
}


def reachable(url: str) -> bool:
    """Return whether a server answers at `url` with anything but a server error."""
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(
        parts.netloc, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
    )
    try:
        connection.request("HEAD", parts.path, headers={"User-Agent": "ml-workshop-lab"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def probe() -> dict[str, bool]:
    """Probe all endpoints in parallel."""
    with concurrent.futures.ThreadPoolExecutor(len(ENDPOINTS)) as pool:
        return dict(zip(ENDPOINTS, pool.map(reachable, ENDPOINTS.values()), strict=True))


def choose(
    up: dict[str, bool], dataset: str, model_repo: str, grafana_archive: str, base_image: str = ""
) -> dict[str, object]:
    """Turn what is reachable into variables of the site and of the lab.

    Args:
        up: one entry per name in `ENDPOINTS`.
        dataset: directory the user gave, or empty.
        model_repo: model repository the user gave, or empty.
        grafana_archive: image archive the user gave, or empty.
        base_image: image of Debian or Ubuntu for all hosts. Empty: Debian 12, and Debian 13 for hosts that
            use lab_newest_base_image.

    Raises:
        SystemExit: the data set directory or the Grafana archive doesn't exist.
    """
    repository = "debian" if up["container registry"] else "ml-workshop/debian"
    sources: dict[str, object] = {
        "lab_base_image": base_image or f"{repository}:bookworm",
        "lab_newest_base_image": base_image or f"{repository}:trixie",
        "lab_base_from_registry": up["container registry"],
        "lab_build_conda_channel": not up["conda-forge"],
        "conda_channel": (
            "https://conda.anaconda.org/conda-forge" if up["conda-forge"] else "file:///srv/lab/conda-channel"
        ),
        "torch_index_url": "https://download.pytorch.org/whl/cpu" if up["PyTorch CPU index"] else "",
        "conda_cli_enabled": up["release archives"],
        "install_method": "archive" if up["release archives"] else "package",
        "model_repo": model_repo or "dir:///var/lib/ml-workshop/registry",
        "lab_dataset_dir": "",
        "dataset": "stanfordnlp/imdb" if up["Hugging Face hub"] else "sample",
    }
    if dataset:
        directory = Path(dataset).resolve()
        if not directory.is_dir():
            sys.exit(
                f"LAB_DATASET={dataset}: there is no such directory; docs/data.md lists what it may contain."
            )
        sources |= {"lab_dataset_dir": str(directory), "dataset": "/srv/lab/dataset"}
    if grafana_archive:
        archive = Path(grafana_archive).resolve()
        if not archive.is_file():
            sys.exit(
                f"LAB_GRAFANA_IMAGE_ARCHIVE={grafana_archive}: no such file; create it by `docker save`."
            )
        sources["grafana_image_archive"] = str(archive)
    return sources


def table(up: dict[str, bool], sources: dict[str, object]) -> str:
    """Format the choice as a table: source, reachable or not, what is used."""
    grafana = str(sources.get("grafana_image_archive", "")) or (
        "pinned image"
        if up["container registry"]
        else "left out (to install it, set LAB_GRAFANA_IMAGE_ARCHIVE=FILE)"
    )
    dataset_used = str(sources["lab_dataset_dir"] or sources["dataset"])
    if dataset_used == "sample":
        dataset_used = "sample that ships with the application (LAB_DATASET=DIR for real reviews)"
    rows = [
        ("base image", up["container registry"], str(sources["lab_base_image"])),
        (
            "conda packages",
            up["conda-forge"],
            "conda-forge" if up["conda-forge"] else "local channel from the distribution's Python",
        ),
        (
            "PyTorch CPU wheel",
            up["PyTorch CPU index"],
            str(sources["torch_index_url"]) or "this machine's pip configuration",
        ),
        ("data set", up["Hugging Face hub"], dataset_used),
        ("model repository", up["Hugging Face hub"], str(sources["model_repo"])),
        (
            "Prometheus",
            up["release archives"],
            "pinned archive" if up["release archives"] else "distribution's package",
        ),
        ("Grafana image", up["container registry"], grafana),
    ]
    lines = [f"{'source':<19}{'internet':<10}used"]
    lines += [f"{name:<19}{'yes' if ok else 'no':<10}{used}" for name, ok, used in rows]
    width = min(shutil.get_terminal_size((100, 20)).columns, max(map(len, lines)))
    return "\n".join([lines[0], "-" * width, *lines[1:]])


def main() -> None:
    """Probe, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="YAML file of group variables to write")
    options = parser.parse_args()
    up = probe()
    sources = choose(
        up,
        dataset=os.environ.get("LAB_DATASET", ""),
        model_repo=os.environ.get("LAB_MODEL_REPO", ""),
        grafana_archive=os.environ.get("LAB_GRAFANA_IMAGE_ARCHIVE", ""),
        base_image=os.environ.get("LAB_BASE_IMAGE", ""),
    )
    print(table(up, sources), flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text("---\n# Written by lab/probe.py; not committed.\n" + yaml.safe_dump(sources))


if __name__ == "__main__":
    main()
