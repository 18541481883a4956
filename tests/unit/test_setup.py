"""scripts/setup.sh on machines that lack something: what it says, what it runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
TOOLS = (
    "cat",
    "chmod",
    "cmp",
    "cp",
    "dirname",
    "ln",
    "mkdir",
    "printf",
    "rm",
    "sh",
    "tail",
    "touch",
)


@frozen
class Machine:
    """A checkout, and a PATH on which only what a test put there is found."""

    checkout: Path
    path: Path
    log: Path

    def has(self, program: str, script: str) -> None:
        """Put a program on the PATH; it notes its arguments."""
        target = self.path / program
        target.write_text(f'#!/bin/sh\necho "{program} $*" >>{self.log}\n{script}\n')
        target.chmod(0o755)

    def setup(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        return subprocess.run(
            [self.checkout / "scripts" / "setup.sh", *arguments],
            env={"PATH": str(self.path), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def ran(self) -> list[str]:
        """The programs that ran, with their arguments."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def is_set_up(self) -> None:
        """As after an earlier run."""
        (self.checkout / ".venv").mkdir()
        shutil.copy(
            self.checkout / "pyproject.toml", self.checkout / ".venv" / "installed-pyproject.toml"
        )


# Makes a .venv whose pip works, as `python -m venv` would.
MAKES_VENV = """
case "$*" in
  "-m venv"*) mkdir -p .venv/bin; ln -s "$0" .venv/bin/python ;;
  *sys.version_info\\[:2\\]*) echo 3.12 ;;
esac
"""
NO_ENSUREPIP = 'case "$*" in *ensurepip*) exit 1 ;; esac' + MAKES_VENV


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An ordinary user's Linux machine with a Python and bubblewrap, not set up yet."""
    checkout, path = tmp_path / "checkout", tmp_path / "bin"
    (checkout / "scripts").mkdir(parents=True)
    path.mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", checkout / "scripts")
    (checkout / "pyproject.toml").write_text("[project]\n")
    for tool in TOOLS:
        (path / tool).symlink_to(str(shutil.which(tool)))
    made = Machine(checkout, path, tmp_path / "log")
    made.has("python3", MAKES_VENV)
    made.has("bwrap", "")
    made.has("uname", "echo Linux")
    made.has("id", "echo 1000")
    return made


def test_it_makes_an_environment_and_installs_into_it(machine: Machine) -> None:
    run = machine.setup("isolation")
    assert run.returncode == 0, run.stderr
    assert "installing the package and the tools" in run.stderr
    assert any("pip install" in line and "--editable .[dev]" in line for line in machine.ran)


def test_the_second_time_it_does_nothing_and_says_nothing(machine: Machine) -> None:
    machine.setup("isolation")
    machine.log.unlink()
    run = machine.setup("isolation")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert machine.ran == ["uname "]


def test_a_changed_pyproject_installs_anew_without_a_new_environment(machine: Machine) -> None:
    machine.setup()
    machine.log.unlink()
    (machine.checkout / "pyproject.toml").write_text("[project]\nname='x'\n")
    assert machine.setup().returncode == 0
    assert not [line for line in machine.ran if "-m venv" in line]
    assert [line for line in machine.ran if "pip install" in line]


def test_a_failed_installation_is_tried_again_next_time(machine: Machine) -> None:
    machine.has("python3", MAKES_VENV + 'case "$*" in *install*) exit 1 ;; esac')
    run = machine.setup()
    assert run.returncode != 0
    assert "is the package index reachable?" in run.stderr
    machine.has("python3", MAKES_VENV)
    assert machine.setup().returncode == 0


def test_without_a_suitable_python_it_says_what_to_do(machine: Machine) -> None:
    machine.has("python3", "exit 1")
    run = machine.setup()
    assert run.returncode != 0
    assert "no Python 3.11 or later found" in run.stderr


def test_the_named_python_is_taken(machine: Machine) -> None:
    machine.has("snake", MAKES_VENV)
    assert machine.setup(PYTHON="snake").returncode == 0
    assert not [line for line in machine.ran if line.startswith("python3 ")]


def test_without_ensurepip_an_ordinary_user_is_told_how(machine: Machine) -> None:
    machine.has("python3", NO_ENSUREPIP)
    machine.has("apt-get", "")
    run = machine.setup()
    assert run.returncode != 0
    assert "apt-get install python3.12-venv" in run.stderr
    assert not [line for line in machine.ran if line.startswith("apt-get")]


def test_without_ensurepip_root_gets_it(machine: Machine) -> None:
    machine.has("python3", NO_ENSUREPIP)
    machine.has("apt-get", "")
    machine.has("id", "echo 0")
    assert machine.setup().returncode == 0
    installs = [line for line in machine.ran if line.startswith("apt-get")]
    assert installs == ["apt-get update -qq", "apt-get install -y -qq python3.12-venv"]


def test_without_bubblewrap_an_ordinary_user_is_told_how_and_goes_on(machine: Machine) -> None:
    machine.is_set_up()
    (machine.path / "bwrap").unlink()
    run = machine.setup("isolation")
    assert run.returncode == 0
    assert "apt-get install bubblewrap" in run.stderr


def test_without_bubblewrap_root_gets_it_or_is_told_once_it_failed(machine: Machine) -> None:
    machine.is_set_up()
    (machine.path / "bwrap").unlink()
    machine.has("id", "echo 0")
    machine.has("apt-get", "echo 'no network' >&2; exit 100")
    run = machine.setup("isolation")
    assert run.returncode == 0
    assert "no network" in run.stderr
    assert "As root: apt-get install bubblewrap" in run.stderr
    machine.log.unlink()
    assert "bubblewrap is missing" in machine.setup("isolation").stderr
    assert not [line for line in machine.ran if line.startswith("apt-get")]


def test_without_redis_root_gets_it_and_others_are_told_how(machine: Machine) -> None:
    machine.is_set_up()
    machine.has("apt-get", "")
    run = machine.setup("isolation", "redis")
    assert run.returncode == 0
    assert "As root: apt-get install redis-server" in run.stderr
    machine.has("id", "echo 0")
    assert machine.setup("redis").returncode == 0
    installs = [line for line in machine.ran if line.startswith("apt-get")]
    assert installs == ["apt-get update -qq", "apt-get install -y -qq redis-server"]


@pytest.mark.parametrize(("arguments", "system"), [((), "Linux"), (("isolation",), "Darwin")])
def test_bubblewrap_is_asked_for_only_where_sandboxes_run(
    machine: Machine, arguments: tuple[str, ...], system: str
) -> None:
    machine.is_set_up()
    machine.has("uname", f"echo {system}")
    (machine.path / "bwrap").unlink()
    assert machine.setup(*arguments).stderr == ""
