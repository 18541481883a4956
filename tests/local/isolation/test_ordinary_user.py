"""The essentials for a user who is not root.

Run by root, the program below changes to a user without a name first; its Python is one that
everybody may run, with this checkout's packages.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# One worker runs them: what the program below does is done once for all of them.
pytestmark = [pytest.mark.isolation, pytest.mark.xdist_group("ordinary user")]

ROOT = Path(__file__).resolve().parents[3]
UID = 61_234
PROGRAM = """
import json, os, sys, time
from pathlib import Path
from opensandbox.local.isolation import snapshots
from opensandbox.local.isolation.probe import probe
from opensandbox.local.isolation.spec import Limits
from tests.local.isolation.boxes import box

# Seen from outside, where other tests sleep as well.
nap = str(4_000_000 + os.getpid())

def sleeping():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if Path(f"/proc/{pid}/cmdline").read_bytes() == f"sleep\\0{nap}\\0".encode():
                found.append(pid)
        except OSError:
            pass
    return found

machine = probe()
if not machine.isolates:
    print(json.dumps({"problems": machine.problems_of_isolation}))
    raise SystemExit
lines = json.loads(sys.argv[2])
said = {"extensions": {}, "usage": None}
with box(Path(sys.argv[1]), machine, limits=Limits(disk=32 << 20, processes=60)) as started:
    said["extensions"] = dict(started.started.extensions)
    said["lines"] = {
        name: [o.stdout, o.stderr] for name, o in ((n, started.run(t)) for n, t in lines.items())
    }
    wish = {"workspace": {"path": "/home"}}
    opened = json.loads(started.ask("POST", "/v1/isolated/session", wish)[1])
    assert "session_id" in opened, opened
    run = f"/v1/isolated/session/{opened['session_id']}/run"
    code = {"code": f"touch x && ls; touch /root/x; sleep {nap} &"}
    said["session"] = started.ask("POST", run, code)[1]
    until = time.monotonic() + 20
    while not sleeping() and time.monotonic() < until:
        time.sleep(0.01)
    started.handle.freeze()
    said["frozen"] = [
        Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in sleeping()
    ]
    snapshots.take(started.started, Path(sys.argv[1]) / "kept")
    started.handle.thaw()
    said["answers"] = started.answers()
    directory = Path(started.started.directory)
said["left"] = directory.exists() or started.handle.alive()
with box(Path(sys.argv[1]), machine, snapshot=Path(sys.argv[1]) / "kept") as second:
    said["restored"] = second.run("ls /tmp/a /root/b /home; ls /usr/local/bin/python").stdout
print(json.dumps(said))
"""
LINES = {
    "who": "id -u",
    "python": "python -c 'print(6 * 7)'; python3 -c 'print(6 * 7)'",
    "write": "touch /tmp/a /root/b /var/tmp/c /home/d && echo written",
    "system": "touch /usr/bin/x",
    "shadow": "cat /etc/shadow",
    "names": "cat /etc/hosts /etc/hostname",
    "disk": "dd if=/dev/zero of=/tmp/big bs=1M count=64; rm /tmp/big",
    "processes": "for i in $(seq 100); do sleep 1 & done 2>&1; wait; echo over",
    "namespaces": "unshare -U true",
    "capabilities": "grep -E '^(CapBnd|NoNewPrivs|Seccomp):' /proc/self/status",
    "home": f"ls {os.path.expanduser('~')} {ROOT}",
}


def python_for_everybody() -> str | None:
    """An interpreter of this version that another user may run."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for found in (f"/usr/bin/{name}", f"/usr/local/bin/{name}", sys.executable):
        parents = [Path(found), *Path(os.path.realpath(found)).parents]
        if Path(found).exists() and all(p.stat().st_mode & 0o001 for p in parents):
            return found
    return None


def ordinary() -> list[str]:
    """What begins a Python program of an ordinary user; skips where that cannot be."""
    if os.geteuid() != 0:
        return [sys.executable]
    found, setpriv = python_for_everybody(), shutil.which("setpriv")
    if found is None or setpriv is None:
        pytest.skip("there is no Python of this version that another user may run")
    if not all(p.stat().st_mode & 0o001 for p in (ROOT, *ROOT.parents)):
        pytest.skip("another user may not enter this checkout")
    return [setpriv, f"--reuid={UID}", f"--regid={UID}", "--clear-groups", found]


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder of that user; pytest's own are closed to others."""
    work = Path(tempfile.mkdtemp(prefix="opensandbox-test-", dir="/var/tmp"))
    try:
        if os.geteuid() == 0:
            os.chown(work, UID, UID)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def variables(work: Path) -> dict[str, str]:
    """The environment of that user's programs: this checkout and its packages."""
    packages = [path for path in sys.path if path.endswith("site-packages")]
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(work),
        "PYTHONPATH": ":".join([str(ROOT), str(ROOT / "generated"), *packages]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def run_ordinary(work: Path, *words: str, **more: str) -> dict[str, object]:
    """What a program of that user says, as JSON; skips where it says why it cannot isolate."""
    done = subprocess.run(
        [*ordinary(), *words],
        cwd=work,
        env=variables(work) | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    if "problems" in answer:
        pytest.skip(f"an ordinary user cannot isolate here: {answer['problems']}")
    return dict(answer)


@pytest.fixture(scope="module")
def said() -> dict[str, object]:
    with folder() as work:
        return run_ordinary(work, "-c", PROGRAM, str(work / "state"), json.dumps(LINES))


def outcome(said: dict[str, object], name: str) -> str:
    lines = said["lines"]
    assert isinstance(lines, dict)
    return "".join(lines[name])


def test_what_it_got_is_said(said: dict[str, object]) -> None:
    assert said["extensions"] == {
        "isolation": "bubblewrap",
        "identities": "one id",
        "network": "the sandbox's own loopback, and what is served on it from outside",
        "disk": f"{32 << 20} bytes, in memory",
        "system-directories": "read-only",
        "limits": "processes; memory for each process only",
        "root": "the machine's own root",
    }


def test_it_is_root_of_its_own_and_python_runs(said: dict[str, object]) -> None:
    assert outcome(said, "who") == "0\n"
    assert outcome(said, "python") == "42\n42\n"
    assert "sandbox" in outcome(said, "names")


def test_the_system_is_read_only_and_the_rest_is_not(said: dict[str, object]) -> None:
    assert outcome(said, "write") == "written\n"
    assert "Read-only" in outcome(said, "system")


def test_nothing_of_the_user_is_seen(said: dict[str, object]) -> None:
    assert "Permission denied" in outcome(said, "shadow")
    assert outcome(said, "home").count("No such file") + ("/root" in str(Path.home())) >= 1


def test_disk_and_processes_are_limited(said: dict[str, object]) -> None:
    assert "No space left" in outcome(said, "disk")
    assert "Resource temporarily unavailable" in outcome(said, "processes")


def test_the_filter_and_the_capabilities_are_the_same(said: dict[str, object]) -> None:
    assert "not permitted" in outcome(said, "namespaces")
    assert outcome(said, "capabilities").split()[1::2] == ["00000000800405fb", "1", "2"]


def test_it_stops_goes_on_and_leaves_nothing(said: dict[str, object]) -> None:
    assert said["answers"] is True
    assert said["left"] is False


def test_an_isolated_session_works_and_is_stopped_with_its_sandbox(
    said: dict[str, object],
) -> None:
    session = str(said["session"])
    assert '"text":"d\\nx\\n"' in session
    assert "Read-only file system" in session
    assert said["frozen"] == ["T"]


def test_a_snapshot_begins_a_new_sandbox(said: dict[str, object]) -> None:
    assert str(said["restored"]).splitlines() == [
        "/root/b",
        "/tmp/a",
        "",
        "/home:",
        "d",
        "/usr/local/bin/python",
    ]
