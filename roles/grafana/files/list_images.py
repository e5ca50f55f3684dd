"""Print the names of the images in an archive made by `docker save`, as a JSON list."""

import json
import sys
import tarfile
from pathlib import Path


def list_images(archive: Path) -> list[str]:
    """Names (name:tag) of the images in `archive`.

    Raises:
        OSError: The file can't be read.
        tarfile.TarError: It is not a tar file, or a broken one.
        KeyError: It is a tar file without a manifest of images.
    """
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        if manifest is None:
            raise KeyError("manifest.json is not a file")
        return [name for image in json.load(manifest) for name in image["RepoTags"] or []]


if __name__ == "__main__":
    try:
        print(json.dumps(list_images(Path(sys.argv[1]))))
    except OSError as error:
        sys.exit(f"cannot be read ({error.strerror})")
    except tarfile.ReadError:
        sys.exit("is not an image archive (not a tar file, or a broken one)")
    except (tarfile.TarError, EOFError, KeyError, TypeError, ValueError) as error:
        sys.exit(f"is not an image archive ({error})")
