"""What this machine can do for isolation, found by trying it, each lack with the way out.

Rules: nothing is left behind; `probe` never raises for a lack, it says it; a sentence names what to
do. Whoever starts a sandbox is given the answer and does not look again.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from attrs import evolve, field, frozen

from opensandbox.local.isolation import disk, seccomp, syscalls

CGROUP_NAME = "opensandbox"
"""How the names of a sandbox's control groups begin."""

BASE_ID = 100_000
ID_COUNT = 65_536
_SEARCHED = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin"
_TRIAL_TIMEOUT = 20.0
_TRIAL_SIZE = 16 << 20


@frozen(kw_only=True)
class Machine:
    """This machine, as far as isolation goes.

    `bubblewrap` is the program's path or None; `userns` whether user namespaces can be made;
    `many_ids` whether a sandbox has a range of ids (`id_count` from `base_id`) or one;
    `cgroups_v1` maps a controller to the directory to make groups in, `cgroup_v2` is that of
    version 2; `loop` whether disk images can be mounted; `memory` in bytes;
    `problems_of_isolation` holds what makes isolation impossible, `problems` all that is missing.
    """

    root: bool
    architecture: str
    userns: bool
    bubblewrap: Path | None
    many_ids: bool
    cgroups_v1: dict[str, str]
    cgroup_v2: str | None
    loop: bool
    memory: int
    base_id: int = BASE_ID
    id_count: int = ID_COUNT
    problems_of_isolation: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())

    @property
    def isolates(self) -> bool:
        """Whether sandboxes can be isolated here."""
        return not self.problems_of_isolation

    def limits(self, controller: str) -> bool:
        """Whether ``memory``, ``cpu`` or ``pids`` can be limited."""
        if controller in self.cgroups_v1:
            return True
        if self.cgroup_v2 is None:
            return False
        return controller in _read(f"{self.cgroup_v2}/cgroup.subtree_control").split()

    def overlay_on(self, directory: Path) -> bool:
        """Whether a sandbox's writable layer may be an ordinary directory in `directory`."""
        kind = file_system(directory)
        return kind not in ("overlay", "nfs", "nfs4", "9p", "fuse", "vfat", "ramfs")


def probe() -> Machine:
    """Look at this machine. Takes a tenth of a second; tries to make a small sandbox."""
    root = os.geteuid() == 0
    found = shutil.which("bwrap", path=_SEARCHED)
    fatal = list(_what_is_missing(found))
    userns, refusal = (False, "") if fatal else _try_user_namespace()
    if not fatal and not userns:
        fatal.append(_why_no_namespace(refusal))
    if not fatal and found:
        fatal += _try_bubblewrap(found, root=root)
    v1 = _version_1() if root else {}
    v2 = _version_2() if root else None
    loop = root and os.path.exists("/dev/loop-control") and _has("mount") and _try_image()
    many = root and not fatal and _try_idmap()
    machine = Machine(
        root=root,
        architecture=syscalls.architecture(),
        userns=userns,
        bubblewrap=Path(found) if found else None,
        many_ids=many,
        cgroups_v1=v1,
        cgroup_v2=v2,
        loop=loop,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        problems_of_isolation=tuple(fatal),
    )
    return _with_problems(machine)


def _with_problems(machine: Machine) -> Machine:
    listed = list(machine.problems_of_isolation)
    if not machine.root:
        listed.append(
            "An ordinary user's sandbox has one id and read-only system directories; "
            "run the server as root for many ids and a writable system."
        )
    elif not machine.many_ids and machine.isolates:
        listed.append(
            "The machine's root file system cannot shift ids (an overlay, as in a container?), so "
            "sandboxes have read-only system directories; run on a plain file system, or import an "
            "image: python -m opensandbox image import."
        )
    missing = [name for name in ("memory", "cpu", "pids") if not machine.limits(name)]
    if missing:
        listed.append(
            f"No limits for {', '.join(missing)}: control groups cannot be made; run the server as "
            "root, or as a systemd service with Delegate=yes."
        )
    if machine.root and not machine.loop:
        listed.append(
            "Disk limits are kept in memory: no loop device or no mkfs.ext4; who does not ask "
            "for one has none. Install e2fsprogs and "
            "give the server /dev/loop-control."
        )
    return evolve(machine, problems=tuple(listed))


def file_system(path: Path) -> str:
    """The kind of the file system `path` is on, as /proc/mounts names it."""
    real = os.path.realpath(path)
    best, kind = "", ""
    for line in _read("/proc/self/mounts").splitlines():
        _, place, name, *_ = line.split(" ")
        place = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), place)
        inside = real == place or real.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):
            best, kind = place, name.partition(".")[0]
    return kind


def _what_is_missing(bubblewrap: str | None) -> list[str]:
    missing = []
    if not sys.platform.startswith("linux"):
        missing.append("Sandboxes need Linux; point the client at a server instead.")
    if bubblewrap is None:
        missing.append(
            "bubblewrap is not installed; install the package (apt-get install bubblewrap), "
            "or choose --isolation=none for code you trust."
        )
    if syscalls.architecture() not in seccomp.NUMBERS:
        missing.append(
            f"There is no seccomp filter for {syscalls.architecture()}; use x86_64 or aarch64, "
            "or choose --isolation=none for code you trust."
        )
    return missing


def _try_user_namespace() -> tuple[bool, str]:
    child = _run_python(
        "import os, ctypes; l = ctypes.CDLL(None, use_errno=True); "
        "r = l.unshare(0x10000000); "
        "print(os.strerror(ctypes.get_errno()) if r else 'ok')"
    )
    return child == "ok", child


def _run_python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TRIAL_TIMEOUT,
    )
    return done.stdout.strip() or done.stderr.strip()[-300:]


def _why_no_namespace(refusal: str) -> str:
    ways = [
        "allow them (sysctl -w user.max_user_namespaces=15000, on Debian "
        "kernel.unprivileged_userns_clone=1, on Ubuntu "
        "kernel.apparmor_restrict_unprivileged_userns=0; in Docker run the container with "
        "--privileged or with --security-opt seccomp=unconfined --cap-add SYS_ADMIN)",
        "use a server elsewhere",
        "choose --isolation=none for code you trust",
    ]
    if refusal == os.strerror(errno.ENOSPC):  # The kernel's word for one too many.
        refusal = "the limit of their number, user.max_user_namespaces, is reached"
    return f"User namespaces are refused here ({refusal}): {'; or '.join(ways)}."


def _try_bubblewrap(program: str, *, root: bool) -> list[str]:
    words = [program, "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    done = subprocess.run(
        [*words, "--uid", "0", "--", "/bin/true"] if not root else [*words, "--", "/bin/true"],
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_TRIAL_TIMEOUT,
    )
    if done.returncode == 0:
        return []
    return [
        f"bubblewrap cannot make a sandbox here ({done.stderr.strip()[-300:]}); in a container, "
        "run that with --privileged; or use a server elsewhere, or choose --isolation=none for "
        "code you trust."
    ]


def _try_idmap() -> bool:
    """Whether /usr can be seen with shifted ids: tried in a process of its own."""
    program = str(Path(__file__).with_name("__main__.py"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", program, "try-idmap", str(BASE_ID), str(ID_COUNT)],
        env={},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=_TRIAL_TIMEOUT,
    )
    return done.returncode == 0


def _try_image() -> bool:
    """Whether a disk image can be made and mounted: a container may have no loop devices."""
    program = str(Path(__file__).with_name("__main__.py"))
    with tempfile.TemporaryDirectory(prefix="opensandbox-probe-") as directory:
        image = Path(directory, "disk.img")
        try:
            disk.make_image(image, _TRIAL_SIZE)
        except OSError:
            return False
        done = subprocess.run(
            [sys.executable, "-I", "-S", program, "try-image", str(image)],
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TRIAL_TIMEOUT,
        )
    return done.returncode == 0


def _version_1() -> dict[str, str]:
    """Each version 1 controller we use and the directory of our own group in it."""
    own = {}
    for line in _read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path
    found = {}
    for line in _read("/proc/self/mounts").splitlines():
        _, place, kind, options, *_ = line.split(" ")
        if kind != "cgroup":
            continue
        for controller in ("memory", "cpu", "cpuacct", "pids", "freezer"):
            if controller in options.split(","):
                found[controller] = _group_in(place, own.get(controller, "/"))
    return {name: place for name, place in found.items() if os.access(place, os.W_OK)}


def _version_2() -> str | None:
    """The directory to make version 2 groups in."""
    own = next(
        (ln[3:] for ln in _read("/proc/self/cgroup").splitlines() if ln.startswith("0::")), "/"
    )
    for line in _read("/proc/self/mounts").splitlines():
        _, place, kind, *_ = line.split(" ")
        if kind != "cgroup2":
            continue
        for group in dict.fromkeys((_group_in(place, own), place)):
            if os.access(group, os.W_OK) and _enable_controllers(group):
                return group
        return place if os.access(place, os.W_OK) else None
    return None


def _group_in(place: str, path: str) -> str:
    group = f"{place}{path}".rstrip("/")
    return group if os.path.isdir(group) else place


def _enable_controllers(group: str) -> bool:
    """Let groups below `group` be limited; False when this one may not (it has processes)."""
    offered = _read(f"{group}/cgroup.controllers").split()
    wanted = [name for name in ("memory", "cpu", "pids") if name in offered]
    try:
        with open(f"{group}/cgroup.subtree_control", "w") as file:
            file.write(" ".join(f"+{name}" for name in wanted))
    except OSError:
        return False
    return True


def _has(program: str) -> bool:
    return shutil.which(program, path=_SEARCHED) is not None


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
