"""Where a sandbox writes, and how much: a file system image of its own, memory, or a directory.

Rules: a limit is a real one (a full disk inside is ENOSPC inside); the image is sparse, so that an
empty sandbox costs little; its loop device goes with its last mount.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opensandbox.local.isolation.spec import Limits

if TYPE_CHECKING:
    from opensandbox.local.isolation.probe import Machine

_SEARCHED = "/usr/sbin:/usr/bin:/sbin:/bin"


def prepare(directory: Path, limits: Limits, machine: Machine) -> dict[str, Any]:
    """What `assemble` is to mount for the sandbox in `directory`; makes the file it needs.

    Raises OSError when the image cannot be made.
    """
    if limits.disk is None and machine.overlay_on(directory):
        place = directory / "writable"
        place.mkdir(mode=0o755, exist_ok=True)
        return {"kind": "directory", "path": str(place)}
    if limits.disk is not None and machine.loop:
        image = directory / "disk.img"
        make_image(image, limits.disk)
        return {"kind": "image", "path": str(image)}
    size = limits.disk or machine.memory // 4
    return {"kind": "tmpfs", "size": size}


def described(limits: Limits, machine: Machine) -> str:
    """The disk limit in words."""
    if limits.disk is None:
        return "not limited"
    where = "a file system of its own" if machine.loop else "memory"
    return f"{limits.disk} bytes, in {where}"


def make_image(image: Path, size: int) -> None:
    """An empty file system of `size` bytes in the new file `image`; takes milliseconds.

    Raises OSError.
    """
    program = shutil.which("mkfs.ext4", path=_SEARCHED)
    if program is None:
        raise FileNotFoundError("mkfs.ext4 (package e2fsprogs) is not installed")
    with image.open("wb") as file:
        file.truncate(size)
    image.chmod(0o600)
    features = "^has_journal,^resize_inode"
    options = ["-q", "-F", "-m", "0", "-O", features, "-E", "lazy_itable_init=1,nodiscard"]
    done = subprocess.run(
        [program, *options, str(image)],
        env={"PATH": _SEARCHED},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"{program} failed on {image}: {done.stderr.strip()}")
