"""Importing root file systems: what comes in, and what tries to get out."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from opensandbox.local import images

Add = Callable[[tarfile.TarFile], None]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners are kept for root only")


def entry(name: str, content: bytes = b"x", **fields: object) -> Add:
    """A member of a tarball: a file, or what `fields` make of it."""

    def add(archive: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.mode = 0o644
        member.size = 0 if fields.get("type", tarfile.REGTYPE) != tarfile.REGTYPE else len(content)
        for field, value in fields.items():
            setattr(member, field, value)
        archive.addfile(member, io.BytesIO(content))

    return add


def folder(name: str, **fields: object) -> Add:
    return entry(name, b"", type=tarfile.DIRTYPE, **{"mode": 0o755, **fields})


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> Add:
    return entry(name, type=kind, linkname=target)


def tarball(path: Path, *entries: Add) -> Path:
    with tarfile.open(path, "w") as archive:
        for add in entries:
            add(archive)
    return path


def packed(path: Path, *entries: Add) -> bytes:
    return tarball(path, *entries).read_bytes()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "images"


def imported(directory: Path, tmp_path: Path, *entries: Add) -> Path:
    source = tarball(tmp_path / "source.tar", folder("bin"), *entries)
    return images.import_image("small:1", source, directory=directory).root


def test_a_tarball_becomes_a_root(directory: Path, tmp_path: Path) -> None:
    root = imported(directory, tmp_path, entry("./bin/tool", b"tool", mode=0o755), entry("/etc/x"))
    assert (root / "bin/tool").read_bytes() == b"tool"
    assert (root / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert (root / "etc/x").read_bytes() == b"x"


def test_a_directory_becomes_a_root_with_its_links(directory: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "usr/bin").mkdir(parents=True)
    (source / "usr/bin/a").write_text("a")
    os.link(source / "usr/bin/a", source / "usr/bin/b")
    (source / "bin").symlink_to("usr/bin")
    root = images.import_image("small", source, directory=directory).root
    assert (root / "bin/a").read_text() == "a"
    assert (root / "usr/bin/a").samefile(root / "usr/bin/b")
    assert os.readlink(root / "bin") == "usr/bin"


def test_an_imported_name_stands_for_its_root(directory: Path, tmp_path: Path) -> None:
    root = imported(directory, tmp_path)
    found = images.resolve("small:1", directory=directory)
    assert (found.path, found.imported) == (root, True)


def test_another_name_stands_for_the_machine_and_says_so(directory: Path) -> None:
    found = images.resolve("python:3.11", directory=directory)
    assert (found.path, found.imported) == (None, False)
    assert "python:3.11 was not imported" in found.note


@pytest.mark.parametrize(
    "name", ["", "..", ".", "a/../b", "/a", "a/", "a b", "a\n", "-a", "a" * 201]
)
def test_what_is_no_name_is_refused(directory: Path, name: str) -> None:
    with pytest.raises(images.ImageError, match="not the name of an image"):
        images.resolve(name, directory=directory)


@pytest.mark.parametrize(
    "name", ["python", "python:3.11", "ghcr.io/a/b:1", "localhost:5000/a", "a@sha256:" + "0" * 64]
)
def test_the_usual_names_are_names(directory: Path, name: str) -> None:
    assert images.resolve(name, directory=directory).path is None


def test_a_name_is_taken_until_it_is_removed(directory: Path, tmp_path: Path) -> None:
    imported(directory, tmp_path)
    with pytest.raises(images.ImageError, match="remove it first"):
        imported(directory, tmp_path)
    assert [image.name for image in images.list_images(directory=directory)] == ["small:1"]
    images.remove_image("small:1", directory=directory)
    assert list(directory.iterdir()) == []
    with pytest.raises(images.ImageError, match="no image small:1"):
        images.remove_image("small:1", directory=directory)


def test_only_the_owner_enters(directory: Path, tmp_path: Path) -> None:
    imported(directory, tmp_path, entry("bin/su", mode=0o4755))
    assert directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["../out", "bin/../../out", "..", "/../out"])
def test_a_name_that_leads_out_is_refused(directory: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(images.ImageError, match="leads out"):
        imported(directory, tmp_path, entry(name))
    assert not (tmp_path / "out").exists()
    assert list(directory.iterdir()) == []


def test_a_link_to_outside_is_followed_inside(directory: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    root = imported(
        directory,
        tmp_path,
        folder("within"),
        link("absolute", str(outside)),
        link("up", "../../../../within"),
        entry("up/file", b"kept inside"),
    )
    assert (root / "within/file").read_bytes() == b"kept inside"
    with pytest.raises(images.ImageError):
        images.import_image(
            "other",
            tarball(tmp_path / "o.tar", folder("bin"), link("a", str(outside)), entry("a/file")),
            directory=directory,
        )
    assert list(outside.iterdir()) == []


def test_a_file_over_a_link_replaces_the_link(directory: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("before")
    root = imported(directory, tmp_path, link("file", str(victim)), entry("file", b"after"))
    assert victim.read_text() == "before"
    assert not (root / "file").is_symlink()


def test_a_hard_link_to_outside_is_refused(directory: Path, tmp_path: Path) -> None:
    for target in ("../../../etc/passwd", "/etc/passwd"):
        with pytest.raises(images.ImageError):
            imported(directory, tmp_path, link("mine", target, tarfile.LNKTYPE))
    assert list(directory.iterdir()) == []


def test_a_hard_link_through_a_link_stays_inside(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(images.ImageError):
        imported(directory, tmp_path, link("out", "/etc"), link("x", "out/passwd", tarfile.LNKTYPE))


def test_devices_and_pipes_are_left_out_and_counted(directory: Path, tmp_path: Path) -> None:
    source = tarball(
        tmp_path / "s.tar",
        folder("bin"),
        entry("dev/sda", type=tarfile.BLKTYPE, devmajor=8),
        entry("dev/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        entry("pipe", type=tarfile.FIFOTYPE),
    )
    image = images.import_image("small", source, directory=directory)
    assert image.left_out == 3
    assert not (image.root / "dev/sda").exists()


@as_root
def test_owners_are_kept_within_what_a_sandbox_has(directory: Path, tmp_path: Path) -> None:
    root = imported(
        directory, tmp_path, entry("a", uid=33, gid=33), entry("b", uid=1_000_000, gid=-5)
    )
    assert (root / "a").stat().st_uid == 33
    assert ((root / "b").stat().st_uid, (root / "b").stat().st_gid) == (65534, 65534)


def test_too_much_is_refused(directory: Path, tmp_path: Path) -> None:
    source = tarball(tmp_path / "s.tar", folder("bin"), entry("big", b"x" * 2000))
    with pytest.raises(images.ImageError, match="larger than"):
        images.import_image("small", source, directory=directory, bytes_limit=1000)
    assert list(directory.iterdir()) == []


def test_what_is_no_root_or_no_tarball_is_refused(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(images.ImageError, match="no root file system"):
        images.import_image("a", tarball(tmp_path / "s", entry("readme")), directory=directory)
    (tmp_path / "text").write_text("not a tarball")
    with pytest.raises(images.ImageError, match="no tarball"):
        images.import_image("a", tmp_path / "text", directory=directory)
    with pytest.raises(images.ImageError, match="neither a directory nor a file"):
        images.import_image("a", tmp_path / "missing", directory=directory)
    half = tarball(tmp_path / "half", folder("bin"), entry("x", b"x" * 9000)).read_bytes()[:4000]
    (tmp_path / "half").write_bytes(half)
    with pytest.raises(images.ImageError, match="could not be imported"):
        images.import_image("a", tmp_path / "half", directory=directory)
    assert list(directory.iterdir()) == []


def layers(tmp_path: Path) -> list[bytes]:
    """Two layers: the second takes away a file and empties a directory."""
    first = packed(
        tmp_path / "1", folder("bin"), entry("bin/a"), entry("etc/gone"), entry("var/old/file")
    )
    second = packed(
        tmp_path / "2",
        entry("etc/.wh.gone", b""),
        entry("etc/new", b"new"),
        entry("var/old/fresh", b"fresh"),
        entry("var/old/.wh..wh..opq", b""),
    )
    return [first, second]


SETTINGS = {"config": {"Env": ["PATH=/opt/bin:/bin", "LANG=C", "bad name=x", "1=2"]}}


def saved(tmp_path: Path) -> Path:
    """As ``docker save`` writes it."""
    names = ["one/layer.tar", "two/layer.tar"]
    manifest = [{"Config": "config.json", "Layers": names, "RepoTags": ["small:1"]}]
    return tarball(
        tmp_path / "saved.tar",
        *(entry(n, content) for n, content in zip(names, layers(tmp_path), strict=True)),
        entry("config.json", json.dumps(SETTINGS).encode()),
        entry("manifest.json", json.dumps(manifest).encode()),
    )


def open_layout(tmp_path: Path) -> Path:
    """The same as an OCI layout."""
    blobs: list[Add] = []

    def blob(content: bytes) -> dict[str, str]:
        digest = hashlib.sha256(content).hexdigest()
        blobs.append(entry(f"blobs/sha256/{digest}", content))
        return {"digest": f"sha256:{digest}"}

    manifest = {
        "config": blob(json.dumps(SETTINGS).encode()),
        "layers": [blob(content) for content in layers(tmp_path)],
    }
    index = {"manifests": [blob(json.dumps(manifest).encode())]}
    return tarball(
        tmp_path / "layout.tar",
        *blobs,
        entry("oci-layout", b"{}"),
        entry("index.json", json.dumps(index).encode()),
    )


@pytest.mark.parametrize("form", [saved, open_layout])
def test_the_layers_of_a_saved_image_lie_on_each_other(
    directory: Path, tmp_path: Path, form: Callable[[Path], Path]
) -> None:
    image = images.import_image("small", form(tmp_path), directory=directory)
    assert sorted(os.listdir(image.root / "etc")) == ["new"]
    assert sorted(os.listdir(image.root / "var/old")) == ["fresh"]
    assert (image.root / "bin/a").exists()
    assert image.environment == {"PATH": "/opt/bin:/bin", "LANG": "C"}
    assert images.resolve("small", directory=directory).environment == image.environment


@pytest.mark.parametrize("name", ["etc/.wh...", "etc/.wh.", ".wh..."])
def test_a_layer_does_not_take_away_what_is_above(
    directory: Path, tmp_path: Path, name: str
) -> None:
    bad = packed(tmp_path / "bad", folder("bin"), folder("etc"), entry(name, b""))
    manifest = [{"Config": "config.json", "Layers": ["bad"]}]
    source = tarball(
        tmp_path / "s.tar",
        entry("bad", bad),
        entry("config.json", b"{}"),
        entry("manifest.json", json.dumps(manifest).encode()),
    )
    with pytest.raises(images.ImageError, match="takes away"):
        images.import_image("small", source, directory=directory)


def test_a_layer_that_is_not_there_is_named(directory: Path, tmp_path: Path) -> None:
    manifest = [{"Config": "config.json", "Layers": ["../../etc/passwd"]}]
    source = tarball(
        tmp_path / "s.tar",
        entry("config.json", b"{}"),
        entry("manifest.json", json.dumps(manifest).encode()),
    )
    with pytest.raises(images.ImageError, match="no file"):
        images.import_image("small", source, directory=directory)


def manifest(layer: str = "l.tar") -> bytes:
    return json.dumps([{"Layers": [layer], "Config": "c.json"}]).encode()


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


HOSTILE: dict[str, Callable[[Path], Path]] = {
    "very deep": lambda at: tarball(at, entry("a/" * 700 + "f")),
    "out of all time": lambda at: tarball(at, entry("f", pax_headers={"mtime": "1e400"})),
    "not compressed": lambda at: written(at, b"\x1f\x8b\x08" + b"x" * 1000),
    "a layer that is itself": lambda at: tarball(
        at, entry("manifest.json", manifest()), entry("c.json", b"{}"), link("l.tar", "l.tar")
    ),
    "settings that are none": lambda at: tarball(
        at, entry("manifest.json", manifest("c.json")), entry("c.json", b"[1]")
    ),
    "a manifest without an end": lambda at: tarball(at, entry("manifest.json", b"[" * 100_000)),
    "indexes without an end": lambda at: tarball(
        at,
        entry("oci-layout", b"{}"),
        entry("index.json", b'{"manifests": [{"digest": "sha256:a"}]}'),
        entry("blobs/sha256/a", b'{"manifests": [{"digest": "sha256:a"}]}'),
    ),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_nobody_can_read_is_refused_and_leaves_nothing(
    directory: Path, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    with pytest.raises(images.ImageError):
        images.import_image("hostile:1", make(tmp_path / "source.tar"), directory=directory)
    assert os.listdir(directory) == []
