"""Assignment of the files of a directory to the splits of a data set."""

import hashlib
import re
from collections import defaultdict
from itertools import chain
from pathlib import Path

from ml_workshop.data.dataset import UNLABELLED
from ml_workshop.data.files import SUFFIXES
from ml_workshop.data.reading import readable
from ml_workshop.errors import DataError

_SPLIT = re.compile(
    r"(?:(train)|(test)|unsup(?:ervised)?|unlabell?ed)(?:[-_.]\d+(-of-0*(\d+))?.*)?", re.IGNORECASE
)
_METADATA = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")

Parts = dict[str, list[Path]]


def find_splits(place: Path) -> Parts:
    """Return the files, or folders of text files, of each split; only "train" if there is but one file.

    Args:
        place: A file; or a directory with files called after splits, also in several parts such as
            train-00000-of-00002.parquet; or with folders such as train/pos; or with one such directory.

    Raises:
        DataError: There are no such files, the choice is ambiguous, or parts are missing.
    """
    if place.is_file():
        return {"train": [place]}
    with readable(place):
        found = {place: _splits(place)}
        if not found[place]:
            found = {folder: parts for folder in _folders(place) if (parts := _splits(folder))}
        present = ", ".join(sorted(path.name for path in place.iterdir())[:9])
    if len(found) != 1:
        folders = ", ".join(folder.name for folder in found)
        raise DataError(
            f"{place} has several data sets ({folders}): name one of these directories."
            if found
            else f"{place} has no train.* and test.* ({', '.join(SUFFIXES)}), no folders train/neg and "
            f"train/pos and no single data file; it has: {present or 'nothing'}."
        )
    ((folder, parts),) = found.items()
    for paths in parts.values():
        matches = [match for path in paths if (match := _SPLIT.fullmatch(path.stem))]
        kinds = {path.suffix.lower() for path in paths}
        if len(kinds) > 1 or (len(paths) > 1 and any(match[0] in ("train", "test") for match in matches)):
            raise DataError(f"{folder} has {paths[0].name} and {paths[1].name}: keep one of them.")
        total = next((int(match[4]) for match in matches if match[4]), len(paths))
        if total != len(paths):
            raise DataError(
                f"{folder} has {len(paths)} of {total} files such as {paths[0].name}: add the others."
            )
    unused = [path.name for path in _data_files(folder) if path not in chain(*parts.values())]
    if unused and "train" in parts and "test" not in parts:
        raise DataError(
            f"{folder} has no test.*, but {unused[0]}: call it test{Path(unused[0]).suffix}, or remove it."
        )
    return parts


def content_hash(paths: list[Path]) -> str:
    """Return a sha256 over the content of files and of folders of text files.

    Raises:
        DataError: A file cannot be read.
    """
    content = hashlib.sha256()
    for path in paths:
        for file in sorted(path.glob("*.txt")) if path.is_dir() else [path]:
            with readable(file), file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
            content.update((f"{path.name}/{digest}" if path.is_dir() else digest).encode())
    return content.hexdigest()


def _splits(directory: Path) -> Parts:
    parts: Parts = defaultdict(list)
    files, folders = _data_files(directory), _folders(directory)
    for path in files + folders:
        if match := _SPLIT.fullmatch(path.stem):
            split = match[1] or match[2] or UNLABELLED
            if path.is_file():
                parts[split.lower()].append(path)
                continue
            parts[split.lower()] += _data_files(path)
            for inner in _class_folders(path):
                parts[UNLABELLED if _SPLIT.fullmatch(inner.name) else split.lower()].append(inner)
    if not parts:
        classes = _class_folders(directory)
        parts["train"] = classes if len(classes) > 1 else files if len(files) == 1 else []
    return {split: paths for split, paths in parts.items() if paths}


def _data_files(directory: Path) -> list[Path]:
    return sorted(
        path
        for path in directory.iterdir()
        if path.suffix.lower() in SUFFIXES and path.name not in _METADATA and path.is_file()
    )


def _folders(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.name[0] not in "._" and path.is_dir())


def _class_folders(directory: Path) -> list[Path]:
    return [folder for folder in _folders(directory) if next(folder.glob("*.txt"), None)]
