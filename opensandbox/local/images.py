"""Root file systems that were imported, and which one a name stands for.

An image is a directory ``images/NAME/`` of the state directory: ``root/``, its files, and
``image.json``, what is known of it. It is imported from a directory, a tarball, or the output of
``docker save``.

Rules:
- A tarball is somebody else's: a name with ``..`` is refused, a parent that is a link is resolved
  as if the image were the root, device nodes and sockets are left out, nothing outside is touched.
- An import is complete when it has its name; a failed one leaves nothing.
- Only the owner can enter the directory of images: files in them may be setuid.
- A name that was not imported stands for the machine's own root, and the note says so.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from attrs import frozen

from opensandbox.local.isolation.spec import ImageRoot
from opensandbox.local.isolation.syscalls import open_in_root
from opensandbox.local.settings import state_directory

BYTES_LIMIT = 64 << 30
"""How many bytes of files an image may have."""

ENTRIES_LIMIT = 5_000_000
_JSON_LIMIT = 16 << 20
_LAYERS_LIMIT = 1000
_INDEXES_LIMIT = 8
_HIGHEST_ID = 65_535
_NOBODY = 65_534

# REGISTRY/PATH:TAG@DIGEST; every part begins with a letter or digit, so none is "." or "..".
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_NAME = re.compile(
    rf"{_PART}(?::[0-9]+)?(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9._-]*)?(?:@sha256:[0-9a-f]{{64}})?"
)
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


class ImageError(Exception):
    """An image could not be imported, found or removed; the message says why."""


@frozen(kw_only=True)
class Image:
    """An imported image: its name, its root file system, what its maker wanted set."""

    name: str
    root: Path
    environment: Mapping[str, str]
    left_out: int = 0


def resolve(name: str, *, directory: Path | None = None) -> ImageRoot:
    """The root file system that `name` stands for; `directory` is the one of images.

    Here as everywhere below, None is ``images`` in this user's state directory.
    Raises ImageError when `name` cannot be the name of an image.
    """
    place = _place(name, directory or _usual())
    if (place / "image.json").is_file():
        image = _read_image(place)
        return ImageRoot(
            name=name,
            path=image.root,
            imported=True,
            note=f"{name}, imported",
            environment=image.environment,
        )
    note = (
        f"{name} was not imported: the sandbox has the machine's own root file system "
        f"(python -m opensandbox image import {name} SOURCE)"
    )
    return ImageRoot(name=name, note=note)


def list_images(*, directory: Path | None = None) -> list[Image]:
    """The imported images, by name; raises ImageError when one is damaged."""
    directory = directory or _usual()
    if not directory.is_dir():
        return []
    found = [_read_image(at) for at in directory.glob("[!.]*") if (at / "image.json").exists()]
    return sorted(found, key=lambda image: image.name)


def import_image(
    name: str, source: Path, *, directory: Path | None = None, bytes_limit: int = BYTES_LIMIT
) -> Image:
    """Import `source` (a directory, a tarball, the output of ``docker save``) under `name`.

    Raises ImageError: the name is no image's or is taken, the source is none of the three, goes
    beyond `bytes_limit` bytes, or tries to reach outside the image.
    """
    directory = directory or _usual()
    place = _place(name, directory)
    if place.exists():
        raise ImageError(f"there is an image {name} already; remove it first")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    made = Path(tempfile.mkdtemp(prefix=".importing-", dir=directory))
    try:
        (made / "root").mkdir(mode=0o755)
        with _Unpacking(made / "root", bytes_limit) as unpacking:
            settings = _unpack(source, unpacking)
        if not any(os.path.lexists(made / "root" / n) for n in ("bin", "usr", "etc", "lib")):
            raise ImageError(f"{source} holds no root file system: no bin, usr, etc or lib in it")
        environment = _environment(settings)
        described = {"name": name, "environment": environment, "left_out": unpacking.left_out}
        (made / "image.json").write_text(json.dumps(described))
        made.rename(place)
    except ImageError:
        raise
    except Exception as error:  # What somebody else wrote makes those who read it raise anything.
        raise ImageError(f"{source} could not be imported as {name}: {error}") from error
    finally:
        _remove_tree(made)
    return _read_image(place)


def remove_image(name: str, *, directory: Path | None = None) -> None:
    """Delete the image; sandboxes that run on it lose their files, so end them first.

    Raises ImageError when there is none.
    """
    directory = directory or _usual()
    place = _place(name, directory)
    if not place.is_dir():
        raise ImageError(f"there is no image {name}")
    gone = Path(tempfile.mkdtemp(prefix=".removing-", dir=directory))
    place.rename(gone / "image")
    _remove_tree(gone)


def _usual() -> Path:
    return state_directory() / "images"


def _place(name: str, directory: Path) -> Path:
    if len(name) > 200 or not _NAME.fullmatch(name):
        raise ImageError(f"{name!r} is not the name of an image, such as python:3.11")
    return directory / quote(name, safe="")


def _read_image(place: Path) -> Image:
    try:
        said = json.loads((place / "image.json").read_text())
        return Image(
            name=said["name"],
            root=place / "root",
            environment=said["environment"],
            left_out=said["left_out"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImageError(f"{place} is damaged ({error}); delete it and import again") from error


def _unpack(source: Path, unpacking: _Unpacking) -> dict[str, Any]:
    """Fill the root from whatever `source` is; the settings its maker gave, if any."""
    if source.is_dir():
        _unpack_directory(source, unpacking)
        return {}
    if not source.is_file():
        raise ImageError(f"{source} is neither a directory nor a file")
    try:
        archive = tarfile.open(source)  # noqa: SIM115 - closed below, and when it is no archive
    except tarfile.ReadError as error:
        raise ImageError(
            f"{source} is no tarball that can be read here (plain, gz, bz2 or xz): {error}"
        ) from error
    with archive:
        saved = _saved_image(archive)
        if saved is None:
            unpacking.add_all(archive)
            return {}
        layers, settings = saved
        for layer in layers:
            with _member(archive, layer) as file, tarfile.open(fileobj=file) as content:
                unpacking.add_layer(content)
        return settings


def _unpack_directory(source: Path, unpacking: _Unpacking) -> None:
    """Through a pipe, as a tarball: then there is one way in."""
    reading, writing = os.pipe()
    failure: list[BaseException] = []

    def pack() -> None:
        try:
            with (
                os.fdopen(writing, "wb") as file,
                tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive,
            ):
                for entry in sorted(os.listdir(source)):
                    archive.add(source / entry, arcname=entry)
        except BaseException as error:
            failure.append(error)

    packer = threading.Thread(target=pack, daemon=True)
    packer.start()
    try:
        with (
            os.fdopen(reading, "rb") as file,
            tarfile.open(fileobj=file, mode="r|") as archive,
        ):
            unpacking.add_all(archive)
            while file.read(1 << 16):
                pass
    finally:
        packer.join()
        if failure and not isinstance(failure[0], BrokenPipeError):
            raise OSError(f"reading it failed: {failure[0]}") from failure[0]


def _saved_image(archive: tarfile.TarFile) -> tuple[list[str], dict[str, Any]] | None:
    """The layers and settings when `archive` is the output of ``docker save`` or an OCI layout."""
    names = {_plain(member.name) for member in archive.getmembers()}
    if "manifest.json" in names:
        manifest = _json(archive, "manifest.json")
        if len(manifest) != 1:
            raise ImageError(f"it holds {len(manifest)} images; save one at a time")
        return _checked_layers(manifest[0]["Layers"]), _json(archive, manifest[0]["Config"])
    if "index.json" not in names or "oci-layout" not in names:
        return None
    manifest = _json(archive, "index.json")
    for _ in range(_INDEXES_LIMIT):
        chosen = manifest["manifests"]
        if len(chosen) != 1:
            raise ImageError(f"it holds {len(chosen)} images; save one, of one platform")
        manifest = _json(archive, _blob(chosen[0]["digest"]))
        if "layers" in manifest:
            break
    else:
        raise ImageError("its indexes lead to indexes only")
    layers = [_blob(layer["digest"]) for layer in manifest["layers"]]
    return _checked_layers(layers), _json(archive, _blob(manifest["config"]["digest"]))


def _checked_layers(layers: list[str]) -> list[str]:
    if not 0 < len(layers) <= _LAYERS_LIMIT:
        raise ImageError(f"it has {len(layers)} layers")
    return layers


def _blob(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"blobs/{algorithm}/{value}"


def _json(archive: tarfile.TarFile, name: str) -> Any:
    with _member(archive, name) as file:
        content = file.read(_JSON_LIMIT + 1)
    if len(content) > _JSON_LIMIT:
        raise ImageError(f"{name} in it is longer than {_JSON_LIMIT} bytes")
    return json.loads(content)


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    for candidate in (name, f"./{name}"):
        with contextlib.suppress(KeyError):
            file = archive.extractfile(candidate)
            if file is not None:
                return file
    raise ImageError(f"it has no file {name}")


def _environment(settings: dict[str, Any]) -> dict[str, str]:
    listed = (settings.get("config") or {}).get("Env") or []
    pairs = (str(line).partition("=") for line in listed)
    return {
        name: value
        for name, _, value in pairs
        if _ENVIRONMENT_NAME.fullmatch(name) and "\0" not in value
    }


def _plain(name: str) -> str:
    """The member's path without ``/`` in front or ``.`` in it; raises ImageError for ``..``."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in name:
        raise ImageError(f"a name in it leads out of the image: {name!r}")
    return "/".join(parts)


class _Unpacking:
    """One root file system being filled; no path is followed out of it."""

    def __init__(self, root: Path, bytes_limit: int) -> None:
        self._root = os.open(root, os.O_PATH | os.O_DIRECTORY)
        self._privileged = os.geteuid() == 0
        self._bytes_left = bytes_limit
        self._entries_left = ENTRIES_LIMIT
        self._modes: list[tuple[str, int]] = []
        self.left_out = 0

    def __enter__(self) -> _Unpacking:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                # Last and deepest first: a directory may not be writable.
                for path, mode in reversed(self._modes):
                    self._set_mode(path, mode)
        finally:
            os.close(self._root)

    def add_all(self, archive: tarfile.TarFile) -> None:
        """Every member of `archive`, over what is there."""
        for member in archive:
            self._add(archive, member)

    def add_layer(self, archive: tarfile.TarFile) -> None:
        """A layer: what it takes away goes first, then its members come."""
        members = archive.getmembers()
        for member in members:
            parent, _, last = _plain(member.name).rpartition("/")
            if last == _OPAQUE:
                self._empty(parent)
            elif last.startswith(_WHITEOUT):
                self._remove(parent, last.removeprefix(_WHITEOUT))
        for member in members:
            if not os.path.basename(_plain(member.name)).startswith(_WHITEOUT):
                self._add(archive, member)

    def _add(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self._count(member)
        path = _plain(member.name)
        if not path:
            return
        if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
            self.left_out += 1
            return
        above, _, last = path.rpartition("/")
        with self._parent(above) as parent:
            self._make_room(parent, last, keep_directory=member.isdir())
            if member.isdir():
                with contextlib.suppress(FileExistsError):
                    os.mkdir(last, 0o700, dir_fd=parent)
                self._modes.append((path, member.mode & 0o7777))
            elif member.issym():
                os.symlink(member.linkname, last, dir_fd=parent)
            elif member.islnk():
                self._link(member.linkname, last, parent)
                return
            else:
                self._write(archive, member, last, parent)
            self._own(member, last, parent)
            if member.isfile():
                mode = member.mode & 0o7777
                os.chmod(last, mode if self._privileged else mode | 0o400, dir_fd=parent)

    def _count(self, member: tarfile.TarInfo) -> None:
        self._entries_left -= 1
        self._bytes_left -= member.size if member.isfile() else 0
        if self._entries_left < 0 or self._bytes_left < 0:
            raise ImageError("it is larger than an image may be")

    def _write(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, last: str, parent: int
    ) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        content = archive.extractfile(member)
        with os.fdopen(os.open(last, flags, 0o600, dir_fd=parent), "wb") as file:
            if content is not None:
                shutil.copyfileobj(content, file, 1 << 20)
        os.utime(last, (member.mtime, member.mtime), dir_fd=parent, follow_symlinks=False)

    def _link(self, target: str, last: str, parent: int) -> None:
        above, _, name = _plain(target).rpartition("/")
        with self._parent(above) as there:
            seen = os.stat(name, dir_fd=there, follow_symlinks=False)
            if not (stat.S_ISREG(seen.st_mode) or stat.S_ISLNK(seen.st_mode)):
                raise ImageError(f"a hard link in it leads to no file: {target!r}")
            os.link(name, last, src_dir_fd=there, dst_dir_fd=parent, follow_symlinks=False)

    def _own(self, member: tarfile.TarInfo, last: str, parent: int) -> None:
        if not self._privileged:
            return
        uid, gid = (i if 0 <= i <= _HIGHEST_ID else _NOBODY for i in (member.uid, member.gid))
        os.chown(last, uid, gid, dir_fd=parent, follow_symlinks=False)

    def _make_room(self, parent: int, last: str, *, keep_directory: bool) -> None:
        try:
            there = os.stat(last, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISDIR(there.st_mode):
            if not keep_directory:
                shutil.rmtree(last, dir_fd=parent)
        else:
            os.unlink(last, dir_fd=parent)

    def _remove(self, above: str, last: str) -> None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), self._parent(above) as fd:
            if last in ("", ".", ".."):
                raise ImageError(f"a layer of it takes away {last!r}")
            self._make_room(fd, last, keep_directory=False)

    def _empty(self, path: str) -> None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), self._parent(path) as fd:
            for entry in os.listdir(f"/proc/self/fd/{fd}"):
                self._make_room(fd, entry, keep_directory=False)

    def _set_mode(self, path: str, mode: int) -> None:
        above, _, last = path.rpartition("/")
        with contextlib.suppress(FileNotFoundError), self._parent(above) as parent:
            seen = os.stat(last, dir_fd=parent, follow_symlinks=False)
            if stat.S_ISDIR(seen.st_mode):
                os.chmod(last, mode if self._privileged else mode | 0o700, dir_fd=parent)

    @contextlib.contextmanager
    def _parent(self, path: str) -> Iterator[int]:
        """The directory `path` as a descriptor, made if it is missing."""
        flags = os.O_PATH | os.O_DIRECTORY
        try:
            fd = open_in_root(self._root, path or ".", flags)
        except FileNotFoundError:
            above, _, last = path.rpartition("/")
            with self._parent(above) as parent:
                os.mkdir(last, 0o755, dir_fd=parent)
            fd = open_in_root(self._root, path, flags)
        try:
            yield fd
        finally:
            os.close(fd)


def _remove_tree(tree: Path) -> None:
    if not tree.exists():
        return
    for place, names, _ in os.walk(tree):
        for name in names:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                with contextlib.suppress(OSError):
                    os.chmod(path, 0o700)
    shutil.rmtree(tree, ignore_errors=True)
