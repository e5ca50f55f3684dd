from pathlib import Path

import pytest

from ..role_module import load_file

probe = load_file(Path(__file__).parents[3] / "lab/probe.py")

NOTHING = dict.fromkeys(probe.ENDPOINTS, False)
EVERYTHING = dict.fromkeys(probe.ENDPOINTS, True)


def choose(up, **given):
    return probe.choose(up, **({"dataset": "", "model_repo": "", "grafana_archive": ""} | given))


def test_full_internet_gives_the_pinned_sources() -> None:
    sources = choose(EVERYTHING)
    assert sources["install_method"] == "archive"
    assert sources["dataset"] == "stanfordnlp/imdb"
    assert "conda-forge" in sources["conda_channel"]
    assert not sources["lab_build_conda_channel"]


def test_package_registries_alone_are_enough() -> None:
    sources = choose(NOTHING)
    assert sources["install_method"] == "package"
    assert sources["dataset"] == "sample"
    assert sources["conda_channel"].startswith("file://")
    assert sources["model_repo"].startswith("dir://")


def test_base_image_can_be_chosen() -> None:
    images = ("lab_base_image", "lab_newest_base_image")
    assert [choose(EVERYTHING)[image] for image in images] == ["debian:bookworm", "debian:trixie"]
    chosen = choose(EVERYTHING, base_image="ubuntu:24.04")
    assert [chosen[image] for image in images] == ["ubuntu:24.04", "ubuntu:24.04"]


def test_data_set_directory_is_mounted(tmp_path: Path) -> None:
    sources = choose(NOTHING, dataset=str(tmp_path))
    assert sources["lab_dataset_dir"] == str(tmp_path)
    assert sources["dataset"] == "/srv/lab/dataset"


@pytest.mark.parametrize(
    ("given", "name"), [("dataset", "LAB_DATASET"), ("grafana_archive", "LAB_GRAFANA_IMAGE_ARCHIVE")]
)
def test_missing_path_is_named(given: str, name: str) -> None:
    with pytest.raises(SystemExit, match=f"{name}=/nowhere"):
        choose(NOTHING, **{given: "/nowhere"})


def test_table_names_the_variable_for_what_is_left_out() -> None:
    table = probe.table(NOTHING, choose(NOTHING))
    assert "LAB_GRAFANA_IMAGE_ARCHIVE" in table
    assert "LAB_DATASET" in table


def test_closed_port_is_not_reachable() -> None:
    assert not probe.reachable("https://127.0.0.1:1/")
