"""Which directories a sandbox's root file system is put together from, decided without doing it.

Rules:
- An allowlist: of the machine's own root only the trees named here are seen; all else is made
  empty. What appears on the machine later therefore never appears inside.
- As root a tree is seen copy-on-write, below a mask that hides what is private; as an ordinary
  user the machine's trees are read-only (the kernel cannot shift their ids for him), and the
  directories in which programs write are his own.
- A plan is JSON values, because the process that carries it out is another one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import asdict, field, frozen

from opensandbox.local.isolation import interpreter

TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "opt")
STATE = (
    "var/lib/dpkg",
    "var/lib/apt",
    "var/lib/ucf",
    "var/lib/pam",
    "var/lib/rpm",
    "var/cache/apt",
    "var/cache/debconf",
    "var/cache/fontconfig",
)
"""What package managers keep below /var; everything else there starts empty."""

DIRECTORIES: tuple[tuple[str, int], ...] = (
    ("dev", 0o755),
    ("home", 0o755),
    ("media", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o755),
    ("root", 0o700),
    ("run", 0o755),
    ("run/lock", 0o1777),
    ("srv", 0o755),
    ("sys", 0o755),
    ("tmp", 0o1777),
    ("var", 0o755),
    ("var/cache", 0o755),
    ("var/lib", 0o755),
    ("var/log", 0o755),
    ("var/mail", 0o755),
    ("var/spool", 0o755),
    ("var/tmp", 0o1777),
)
LINKS: tuple[tuple[str, str], ...] = (("var/run", "/run"), ("var/lock", "/run/lock"))
_SEARCHED = ("usr/local/bin", "usr/bin", "bin")

TreeKind = Literal["overlay", "read-only", "entries"]


@frozen(kw_only=True)
class Tree:
    """`source` on the machine, seen at `target` (relative; empty: the whole root)."""

    source: str
    target: str
    kind: TreeKind
    mask: str | None = None


@frozen
class Layout:
    """A root file system to be: trees, empty directories, links, small files by their text."""

    trees: tuple[Tree, ...]
    directories: tuple[tuple[str, int], ...]
    links: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    python_links: tuple[tuple[str, str], ...] = field(default=())
    covers: tuple[str, ...] = field(default=())
    """What is seen empty, where no mask can hide it."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def layout(
    root: Path | None,
    *,
    hostname: str,
    many_ids: bool,
    masks: Mapping[str, Path],
    covers: tuple[str, ...] = (),
) -> Layout:
    """What to mount for the image at `root`, or for the machine's own root when None.

    `many_ids` is whether ids can be shifted (as root); `masks` has the mask of each tree that
    has one, `covers` what is to be hidden otherwise.
    """
    files: tuple[tuple[str, str], ...] = (
        ("etc/hostname", f"{hostname}\n"),
        ("etc/hosts", f"127.0.0.1 localhost {hostname}\n::1 localhost {hostname}\n"),
        ("etc/resolv.conf", ""),
    )
    python = python_links(root or Path("/"))
    if root is not None:
        whole = Tree(source=str(root), target="", kind="overlay")
        directories = (*DIRECTORIES, ("etc", 0o755))
        return Layout((whole,), directories, (), files, python)
    links = [(n, os.readlink(f"/{n}")) for n in TOP if os.path.islink(f"/{n}")]
    names = [n for n in TOP if os.path.isdir(f"/{n}") and not os.path.islink(f"/{n}")]
    state = [n for n in STATE if os.path.isdir(f"/{n}")]
    kinds: dict[str, TreeKind] = {} if many_ids else {"opt": "entries"}
    usual: TreeKind = "overlay" if many_ids else "read-only"
    trees = [
        Tree(
            source=f"/{name}",
            target=name,
            kind=kinds.get(name, usual),
            mask=str(masks[name]) if name in masks else None,
        )
        for name in (*names, *state)
    ]
    if not many_ids and os.path.isdir("/usr/local/bin"):
        # The one system directory that stays writable, so that the links to Python fit in.
        trees.append(Tree(source="/usr/local/bin", target="usr/local/bin", kind="overlay"))
    if os.path.isfile("/etc/machine-id"):
        files = (*files, ("etc/machine-id", ""))
    return Layout(tuple(trees), DIRECTORIES, (*links, *LINKS), files, python, covers)


def python_links(root: Path) -> tuple[tuple[str, str], ...]:
    """Links that make ``python`` and ``python3`` run in `root`, by what it has already."""
    found = {
        name: f"/{place}/{name}"
        for place in reversed(_SEARCHED)
        for name in ("python", "python3")
        if os.path.lexists(root / place / name)
    }
    own = f"{interpreter.PLACE}/bin"
    links = []
    if "python3" not in found:
        links.append(("usr/local/bin/python3", f"{own}/python3"))
    if "python" not in found:
        links.append(("usr/local/bin/python", found.get("python3", f"{own}/python")))
    return tuple(links)
