"""`image`: root file systems by name, from which sandboxes are made."""

from __future__ import annotations

from pathlib import Path

from ..local import images
from ..local.settings import images_directory, state_directory
from . import DONE, complain


def import_image(name: str, source: Path, directory: Path | None) -> int:
    """Imports a directory, a tarball or what `docker save` wrote."""
    try:
        image = images.import_image(name, source, directory=_images(directory))
    except images.ImageError as error:
        return complain(str(error))
    print(f"imported {image.name}")
    return DONE


def list_images(directory: Path | None) -> int:
    """Prints the names of what was imported, one a line."""
    try:
        for image in images.list_images(directory=_images(directory)):
            print(image.name)
    except images.ImageError as error:
        return complain(str(error))
    return DONE


def remove_image(name: str, directory: Path | None) -> int:
    """Deletes an imported root file system."""
    try:
        images.remove_image(name, directory=_images(directory))
    except images.ImageError as error:
        return complain(str(error))
    print(f"removed {name}")
    return DONE


def _images(directory: Path | None) -> Path:
    return images_directory((directory or state_directory()).absolute())
