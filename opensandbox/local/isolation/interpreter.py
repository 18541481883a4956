"""The Python the daemon runs on in every sandbox: a copy of the server's own at a neutral path.

Rules:
- The copy holds the interpreter, its standard library, the libraries they load, and of the
  installed packages only those named here: never the site-packages of the user.
- It is started through its own dynamic loader, so one start line works in every root file system.
- It is made once and kept in the cache directory under a name made of all that went into it;
  it is complete when it has that name, and is never changed.
"""

from __future__ import annotations

import compileall
import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PLACE = "/opt/opensandbox"
"""Where the copy is seen inside a sandbox."""

PACKAGES = (
    "anyio",
    "attr",
    "attrs",
    "click",
    "dateutil",
    "h11",
    "idna",
    "six",
    "sniffio",
    "starlette",
    "typing_extensions",
    "uvicorn",
    "websockets",
    "wsproto",
    "opensandbox",
    "opensandbox_api",
    "python_multipart",
)
"""What the daemon imports. One that is not installed is left out: not every version needs all."""

_NEVER_COPIED = {
    "__pycache__",
    "_async",
    "_sync",
    "cli",
    "dist-packages",
    "idlelib",
    "server",
    "site-packages",
    "test",
    "sitecustomize.py",
    "tests",
    "tkinter",
    "turtledemo",
    "lib2to3",
    "usercustomize.py",
}
_START = f"""\
# Starts the daemon; made when this copy was made.
import ctypes
import sys

sys.path.insert(0, "{PLACE}/site")

# Nothing started from here may ever have another capability than those it has now. Bubblewrap
# leaves the bounding set full, and passes the others on as ambient ones.
with open("/proc/self/status") as file:
    held = next(int(line[8:], 16) for line in file if line.startswith("CapPrm:"))
libc = ctypes.CDLL(None)
for capability in range(64):
    if not held >> capability & 1 and libc.prctl(24, capability, 0, 0, 0):
        break
libc.prctl(47, 4, 0, 0, 0)

from {{daemon}} import main

sys.exit(main(sys.argv[1:]))
"""
DAEMON = "opensandbox.local.execd.start"
"""The module whose `main` is the daemon."""

_MAKING = "making"
_NEWEST_KEPT = 2
# Seconds; what was asked for is mounted well before.
_KEPT_FOR = 120.0

_SITE = f"""\
# A program that starts itself again must do it through the loader, as the wrapper does.
import sys

sys.executable = sys._base_executable = "{PLACE}/bin/python3"
"""
_WRAPPER = """\
#!/bin/sh
exec {place}/lib/ld.so --library-path {place}/lib {place}/python/bin/python "$@"
"""


def start_line(listen: int, control: int) -> list[str]:
    """The command that starts the daemon inside a sandbox, with the descriptors it inherits."""
    return [
        f"{PLACE}/lib/ld.so",
        "--library-path",
        f"{PLACE}/lib",
        f"{PLACE}/python/bin/python",
        "-I",
        f"{PLACE}/start.py",
        "--listen",
        str(listen),
        "--control",
        str(control),
    ]


def cache_directory() -> Path:
    """Where copies are kept: OPEN_SANDBOX_CACHE_DIR, else the system's or the user's cache."""
    if chosen := os.environ.get("OPEN_SANDBOX_CACHE_DIR"):
        return Path(chosen)
    if os.geteuid() == 0:
        return Path("/var/cache/opensandbox")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "opensandbox"


def bundle() -> Path:
    """The copy for this interpreter and these packages, made now if it is not there (a second).

    Raises OSError when it cannot be written.
    """
    python, site = _fingerprints()
    base = kept(f"python-{python}", _make_python)

    def make(made: Path) -> None:
        # Links, so that a change of the packages costs their own size only.
        shutil.copytree(base, made, copy_function=os.link, dirs_exist_ok=True)
        _make_site(made)

    return kept(f"runtime-{python}+{site}", make)


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The directory `name` of the cache; `make` fills it, once, when it is not there.

    When something new is made, all of its kind is removed but what a sandbox has mounted, the
    newest ones, and what somebody may be about to mount.
    """
    cache = cache_directory()
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    if cache.stat().st_uid != os.geteuid():
        raise PermissionError(f"{cache} belongs to another user; set OPEN_SANDBOX_CACHE_DIR")
    place = cache / name
    with contextlib.suppress(FileNotFoundError):
        os.utime(place)
        return place
    with _locked(cache / "lock"):
        if not place.is_dir():
            made = Path(tempfile.mkdtemp(prefix=f"{_MAKING}-", dir=cache))
            try:
                make(made)
                made.chmod(0o755)
                made.rename(place)
            finally:
                shutil.rmtree(made, ignore_errors=True)
            _remove_unused(cache)
    return place


def _remove_unused(cache: Path) -> None:
    mounted = _mounted()
    kinds: dict[str, list[Path]] = {}
    for place in sorted(cache.glob("*-*"), key=lambda place: -place.stat().st_mtime):
        kinds.setdefault(place.name.rpartition("-")[0], []).append(place)
    for kind, places in kinds.items():
        for place in places[0 if kind == _MAKING else _NEWEST_KEPT :]:
            idle = time.time() - place.stat().st_mtime
            if idle > _KEPT_FOR and f"/{place.name}" not in mounted:
                # Nobody must find it half removed.
                removed = Path(tempfile.mkdtemp(prefix=f"{_MAKING}-", dir=cache))
                place.rename(removed)
                shutil.rmtree(removed, ignore_errors=True)


def _mounted() -> str:
    """What is mounted in any mount namespace that this user may look into."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                found.append(Path(f"/proc/{entry}/mountinfo").read_text())
    return "".join(set(found))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _standard_library() -> Path:
    return Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))


def _binary() -> Path:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    found = Path(sys.base_prefix) / "bin" / version
    return (found if found.exists() else Path(os.path.realpath(sys.executable))).resolve()


def _places() -> Iterator[tuple[str, Path]]:
    for name in PACKAGES:
        found = importlib.util.find_spec(name)
        if found is None:
            continue
        if found.submodule_search_locations:
            yield name, Path(next(iter(found.submodule_search_locations)))
        elif found.origin:
            yield name, Path(found.origin)


def _copied(directory: Path) -> Iterator[Path]:
    """The files below `directory` that go into the copy."""
    for entry in os.scandir(directory):
        if entry.name in _NEVER_COPIED or entry.name.startswith("config-"):
            continue
        if entry.is_dir():
            yield from _copied(Path(entry.path))
        elif not entry.name.endswith((".a", ".pyi", ".pth")) and "_tkinter" not in entry.name:
            yield Path(entry.path)


@functools.cache
def _fingerprints() -> tuple[str, str]:
    """What the interpreter and what the packages are known by, in this process for good."""
    python = hashlib.sha256(f"{sys.version}{_SITE}{_WRAPPER}{sorted(_NEVER_COPIED)}".encode())
    for path in (_binary(), _standard_library() / "os.py"):
        python.update(_described(path, str(path)))
    site = hashlib.sha256(f"{_START}{DAEMON}".encode())
    for name, place in _places():
        for path in sorted(_copied(place)) if place.is_dir() else [place]:
            site.update(_described(path, f"{name}:{path.name}"))
    return python.hexdigest()[:16], site.hexdigest()[:16]


def _described(path: Path, name: str) -> bytes:
    seen = path.stat()
    return f"{name}:{seen.st_size}:{seen.st_mtime_ns}\n".encode()


def _make_python(made: Path) -> None:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    library = made / "python/lib" / version
    _copy_tree(_standard_library(), library)
    (library / "sitecustomize.py").write_text(_SITE)
    binary = made / "python/bin/python"
    binary.parent.mkdir(parents=True)
    shutil.copyfile(_binary(), binary)
    binary.chmod(0o755)
    _copy_libraries(made)
    (made / "bin").mkdir()
    for name in ("python", "python3"):
        (made / "bin" / name).write_text(_WRAPPER.format(place=PLACE))
        (made / "bin" / name).chmod(0o755)
    _finish(made, library)


def _make_site(made: Path) -> None:
    site = made / "site"
    for name, place in _places():
        if place.is_dir():
            _copy_tree(place, site / name)
        else:
            shutil.copy2(place, site / place.name)
    (made / "start.py").write_text(_START.format(daemon=DAEMON))
    _finish(made, site)


def _finish(made: Path, code: Path) -> None:
    compileall.compile_dir(code, quiet=2, stripdir=str(made), prependdir=PLACE)
    for path in made.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)


def _copy_tree(source: Path, target: Path) -> None:
    tag = f".{sys.implementation.cache_tag}.pyc"
    for path in _copied(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        seen = path.stat()
        os.utime(copy, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        copy.chmod(0o755 if seen.st_mode & 0o100 else 0o644)
        # Compiled code is valid as long as the source's time and size are; copying saves seconds.
        compiled = path.parent / "__pycache__" / (path.stem + tag)
        if path.suffix == ".py" and compiled.is_file() and os.access(compiled, os.R_OK):
            kept = copy.parent / "__pycache__" / compiled.name
            kept.parent.mkdir(exist_ok=True)
            shutil.copyfile(compiled, kept)


def _copy_libraries(made: Path) -> None:
    target = made / "lib"
    target.mkdir()
    modules = [str(p) for p in made.rglob("*.so")]
    ldd = subprocess.run(
        ["ldd", str(_binary()), *modules],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    for line in set(ldd.stdout.splitlines()):
        words = line.split()
        found = next((word for word in words if word.startswith("/")), None)
        if found is None or found.endswith(":"):
            continue
        loader = "ld-linux" in found or "ld-musl" in found
        copy = target / ("ld.so" if loader and "=>" not in words else Path(words[0]).name)
        if not copy.exists():
            shutil.copyfile(found, copy)
            copy.chmod(0o755)
    if not (target / "ld.so").exists():
        raise OSError(f"ldd did not name the dynamic loader of {_binary()}: {ldd.stderr.strip()}")
