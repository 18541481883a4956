"""What is built holds what it must, installs with the core dependencies alone, imports anywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What comes with an extra, and with nothing else.
EXTRAS = {
    "starlette",
    "uvicorn",
    "python-multipart",
    "cryptography",
    "httpx-aiohttp",
    "aiohttp",
    "redis",
    "opentelemetry-api",
    "rich",
}

IMPORT_EVERYTHING = """
import importlib, pathlib, sys

def public(package, root):
    for path in sorted(pathlib.Path(root).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if not any(part in ("local", "cli", "__main__", "_pydantic", "fast") for part in parts):
            yield ".".join((package, *parts))

import opensandbox
root = pathlib.Path(opensandbox.__file__).parent
count = 0
for name in public("opensandbox", root):
    importlib.import_module(name)
    count += 1
for name in opensandbox.__all__:
    getattr(opensandbox, name)
unwanted = {"starlette", "uvicorn", "python_multipart", "redis", "opentelemetry", "rich", "aiohttp"}
unwanted.add("pydantic")
loaded = sorted(
    name for name in sys.modules
    if name.partition(".")[0] in unwanted or name.startswith("opensandbox.local")
)
print(count, *loaded)
"""

# Everything that another system does not have, refused; and the name of another system. What we
# depend on is loaded before: it was built for this one.
NOT_LINUX = """
import asyncio, dateutil.parser, httpx, subprocess, sys, websockets.asyncio.client
import websockets.sync.client
sys.platform = "darwin"

class Missing:
    names = ("fcntl", "pwd", "grp", "resource", "opensandbox.local", "prctl")

    def find_spec(self, name, path=None, target=None):
        if name in self.names or name.startswith("opensandbox.local."):
            raise ImportError(f"{name} is not on this machine")
        return None

for name in Missing.names:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Missing())
"""


def test_nothing_that_comes_with_it_is_pinned() -> None:
    """Who installs it beside other packages is left the choice of versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {n: some for n, some in project["optional-dependencies"].items() if n != "dev"}
    assert {"local", "fast", "redis", "otel"} <= set(extras)
    for wanted in [*project["dependencies"], *(one for some in extras.values() for one in some)]:
        assert not re.search(r"==|~=|<(?!1$)", wanted), wanted
        assert not wanted.startswith(("protobuf", "grpc", "opentelemetry-sdk")), wanted


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, built from a copy: a build leaves files behind."""
    folder = tmp_path_factory.mktemp("package")
    copy = folder / "source"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, copy)
    for name in ("opensandbox", "generated", "openapi", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        folder / "dist",
        copy,
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder / "dist"


@pytest.fixture(scope="module")
def clean_python(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The interpreter of a fresh environment with the wheel and its core dependencies."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    wheel = next(built.glob("*.whl"))
    command: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        wheel,
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0 and "No matching distribution" in run.stderr:
        pytest.skip("no package index is reachable, so nothing can be installed")
    assert run.returncode == 0, run.stderr
    yield python
    shutil.rmtree(folder)


def contents(built: Path, kind: str) -> list[str]:
    """The files of the wheel or the sdist, without the sdist's top folder."""
    if kind == "wheel":
        with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
            return wheel.namelist()
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        return [name.partition("/")[2] for name in sdist.getnames()]


def run_python(python: Path, program: str) -> list[str]:
    """What a program prints in the clean environment, away from the checkout."""
    run = subprocess.run(
        [python, "-I", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=python.parent,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


@pytest.mark.slow
@pytest.mark.xdist_group("packaging")
class TestPackage:
    """One build and one environment for all."""

    @pytest.mark.parametrize("kind", ["wheel", "sdist"])
    def test_it_holds_the_types_and_the_generated_clients(self, built: Path, kind: str) -> None:
        names = contents(built, kind)
        prefix = "" if kind == "wheel" else "generated/"
        assert "opensandbox/py.typed" in names
        assert "opensandbox/_sync/sandbox.py" in names
        for document in ("lifecycle", "execd", "egress", "diagnostics"):
            assert f"{prefix}opensandbox_api/{document}/models/__init__.py" in names

    @pytest.mark.parametrize("kind", ["wheel", "sdist"])
    def test_it_holds_no_tests_and_no_scripts(self, built: Path, kind: str) -> None:
        rooms = {name.partition("/")[0] for name in contents(built, kind)}
        assert not rooms & {"tests", "scripts", "examples", "docs", ".github", ".ci"}

    def test_it_carries_its_licence_and_its_version(self, built: Path) -> None:
        names = contents(built, "wheel")
        assert any(name.endswith("licenses/LICENSE") for name in names)
        assert next(built.glob("*.whl")).name.startswith("opensandbox-1.2")

    def test_it_installs_with_the_core_dependencies_alone(self, clean_python: Path) -> None:
        program = (
            "import importlib.metadata as m; print(*(d.name.lower() for d in m.distributions()))"
        )
        installed = {name.replace("_", "-") for name in run_python(clean_python, program)}
        assert {"opensandbox", "httpx", "attrs", "websockets"} <= installed
        assert not installed & EXTRAS

    def test_every_module_imports_and_loads_no_runtime_and_no_extra(
        self, clean_python: Path
    ) -> None:
        count, *loaded = run_python(clean_python, IMPORT_EVERYTHING)
        assert int(count) > 30
        assert loaded == []

    def test_every_module_imports_on_a_machine_without_linux(self, clean_python: Path) -> None:
        count, *loaded = run_python(clean_python, NOT_LINUX + IMPORT_EVERYTHING)
        assert int(count) > 30
        assert loaded == []
