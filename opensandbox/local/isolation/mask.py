"""What of the machine's own root is hidden from root of a sandbox, who could read all of it.

Shifted ids give root of a sandbox the view of the machine's root. So a layer goes above each tree
in which every entry that not everybody may read is hidden.

Rules:
- A file not readable by all is taken away (a whiteout); a directory not open to all is empty
  (opaque), so that packages find the directories they made.
- So is what may hold a credential although everybody may read it (`private`).
- Accounts stay, passwords do not: the shadow files are replaced.
- A tree is scanned again when it may have changed: /etc always, the others when the package
  database or the top of the tree did, or after a day.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import stat
import time
from collections.abc import Iterator, Set
from pathlib import Path

from attrs import frozen

from opensandbox.local.isolation import interpreter, private, rootfs
from opensandbox.local.isolation.probe import Machine

_DAY = 24 * 3600
_SHADOWS = ("shadow", "shadow-", "gshadow", "gshadow-")
_ALWAYS_EMPTY = ("containerd", "opensandbox")
_VERSION = "4"


@frozen(kw_only=True)
class Hidden:
    """An entry to hide, by its path below the tree; `empty` keeps it as an empty directory."""

    path: str
    empty: bool


def masks(machine: Machine) -> dict[str, Path]:
    """The mask of each tree, by the tree's name; made now where one may have changed."""
    found = {}
    for name in (*rootfs.TOP, *rootfs.STATE):
        tree = Path("/", name)
        if tree.is_dir() and not tree.is_symlink():
            found[name] = _mask(name, tree, machine.base_id)
    return found


def _mask(name: str, tree: Path, base: int) -> Path:
    kept = f"mask-{name.replace('/', '+')}-{base}-{_state_of_tree(name)}"
    return interpreter.kept(kept, lambda made: _build(tree, made / "mask", base, name)) / "mask"


def hidden(tree: Path, name: str) -> Iterator[Hidden]:
    """What is to be hidden in `tree`, the directory `name` of the root. Only reads."""
    yield from _hidden(str(tree), "", private.private(tree, name))


def to_cover() -> tuple[str, ...]:
    """What to hide where trees have no mask: of /etc all that this process can read and should not
    be read inside, of the others only what their names say."""
    etc = [f"etc/{entry.path}" for entry in hidden(Path("/etc"), "etc")]
    usr = [f"usr/{path}" for path in sorted(private.private(Path("/usr"), "usr"))]
    return tuple(path for path in (*etc, *usr) if os.access(f"/{path}", os.R_OK))


def _hidden(top: str, below: str, secret: Set[str]) -> Iterator[Hidden]:
    try:
        entries = list(os.scandir(os.path.join(top, below)))
    except OSError:
        return
    for entry in entries:
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.is_symlink():
            continue
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            if path in secret or path in _ALWAYS_EMPTY or mode & 0o005 != 0o005:
                yield Hidden(path=path, empty=True)
            else:
                yield from _hidden(top, path, secret)
        elif path in secret or not mode & stat.S_IROTH or not stat.S_ISREG(mode):
            yield Hidden(path=path, empty=False)


def without_passwords(passwd: str, name: str) -> str:
    """A shadow file (`name` says which) for the accounts or groups in `passwd`, all locked."""
    rest = ":19000:0:99999:7:::" if name.startswith("shadow") else "::"
    accounts = [line.partition(":")[0] for line in passwd.splitlines() if ":" in line]
    return "".join(f"{account}:*{rest}\n" for account in accounts)


def _state_of_tree(name: str) -> str:
    """Changes when the tree may have. /etc is walked, for the others a few directories speak."""
    digest = hashlib.sha256(f"{_VERSION}:{int(time.time()) // _DAY}".encode())
    for place in (name, "var/lib/dpkg/status", "usr/local", "usr/lib"):
        with contextlib.suppress(OSError):
            digest.update(f"{place}:{os.lstat(f'/{place}').st_mtime_ns}\n".encode())
    for place, _, names in os.walk("/etc") if name == "etc" else ():
        for entry in (".", *names):
            with contextlib.suppress(OSError):
                seen = os.lstat(os.path.join(place, entry))
                digest.update(f"{place}/{entry}:{seen.st_mode}:{seen.st_ctime_ns}\n".encode())
    return digest.hexdigest()[:20]


def _build(tree: Path, made: Path, base: int, name: str) -> None:
    carrier = functools.partial(_carry, tree, made, base)
    carrier("")
    for entry in hidden(tree, name):
        carrier(os.path.dirname(entry.path))
        target = made / entry.path
        if entry.empty:
            _carry(tree, made, base, entry.path)
            os.setxattr(target, "trusted.overlay.opaque", b"y")
        else:
            os.mknod(target, stat.S_IFCHR, os.makedev(0, 0))
    for shadow in _SHADOWS if name == "etc" else ():
        if (tree / shadow).exists():
            accounts = (tree / ("passwd" if "gs" not in shadow else "group")).read_text()
            (made / shadow).unlink(missing_ok=True)
            (made / shadow).write_text(without_passwords(accounts, shadow))
            (made / shadow).chmod(0o640)
            seen = (tree / shadow).stat()
            os.chown(made / shadow, base + seen.st_uid, base + seen.st_gid)


def _carry(tree: Path, made: Path, base: int, path: str) -> None:
    """Make the directory `path` of the mask and those above it, owned as in the tree."""
    if (made / path).exists():
        return
    if path:
        _carry(tree, made, base, os.path.dirname(path))
    seen = (tree / path).stat()
    (made / path).mkdir()
    os.chown(made / path, base + seen.st_uid, base + seen.st_gid)
    (made / path).chmod(seen.st_mode & 0o7777)
