"""The environments that are measured, each with one client and what that needs, below build/.

Rules:

* Ours is installed from this checkout, editable: what is measured is what stands here.
* All have the same interpreter and the same httpx, so that only the clients differ.
* One is made again when what belongs into it has changed, and only then.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_FOLDER = ROOT / "build" / "bench"

#: What is installed into each.
CONTENTS: dict[str, tuple[str, ...]] = {
    "ours": ("--editable", "."),
    "fast": ("--editable", ".[fast]"),
    "1.1.1": ("opensandbox==1.1.1",),
    "e2b": ("e2b==2.63.0",),
}


def python_of(name: str) -> str:
    """The interpreter of an environment, which is made when it is missing."""
    folder = _FOLDER / name
    python = folder / "bin" / "python"
    wanted = (*CONTENTS[name], f"httpx=={version('httpx')}")
    told = repr((sys.version, wanted, _digest(ROOT / "pyproject.toml")))
    stamp = folder / "contents"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != told:
        print(f"bench: making the environment of {name}", file=sys.stderr)
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", *_QUIET, *wanted])
        stamp.write_text(told, encoding="utf-8")
    return str(python)


_QUIET = ("--quiet", "--disable-pip-version-check", "--root-user-action=ignore")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, cwd=ROOT, check=True)
    except subprocess.CalledProcessError:
        sys.exit(f"bench: this failed; is the package index reachable? {' '.join(command)}")
