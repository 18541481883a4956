"""The process that puts a sandbox together and then becomes bubblewrap.

It runs with no environment, reads a plan (JSON) from standard input, and either becomes bubblewrap
or writes ``{"error": ...}`` to the report descriptor and exits.

Rules:
- All mounts are made in a mount namespace of its own: when the sandbox's last process ends,
  nothing of them is left on the machine.
- The work is done below /tmp of that namespace, over which a small tmpfs is mounted: no path of the
  state directory can be seen from inside, and that directory need not be open to other ids.
- Paths inside the image are resolved as if it were the root already (`open_in_root`).
- Imports only the standard library, `syscalls`, `snapshots` and `nested`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sys

from opensandbox.local.isolation import nested, snapshots, syscalls

TYPE_CHECKING = False  # type checkers take it for true; importing typing takes milliseconds
if TYPE_CHECKING:
    from typing import Any

    Plan = dict[str, Any]

STAGE = "/tmp"
ROOT = f"{STAGE}/root"
_WRITABLE = f"{STAGE}/writable"
_TREES = f"{STAGE}/trees"
_RUNTIME = "opt/opensandbox"
# Above what is handed out to users and their containers, below the reserved last ids.
_FIRST_OWNER = 0x7000_0000
_OWNERS = 0x0FFF_0000


def main() -> None:
    """Carry out the plan on standard input; does not return when all goes well."""
    plan: Plan = json.loads(sys.stdin.buffer.read())
    report = plan["descriptors"]["report"]
    try:
        assemble(plan)
        # Now, when all that is left of the machine's powers are those over this sandbox.
        asking = nested.leave_behind(plan["session"])
        os.dup2(asking, plan["descriptors"]["nest"])
        os.set_inheritable(plan["descriptors"]["nest"], True)  # It may have been there before.
        _become_bubblewrap(plan)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        os.write(report, json.dumps({"error": problem}).encode())
        os._exit(1)


def try_idmap(base: int, count: int) -> None:
    """Raise OSError when /usr cannot be seen with shifted ids; enters new namespaces."""
    users = _users_with_range(base, count)
    syscalls.unshare(syscalls.CLONE_NEWNS)
    tree = syscalls.open_tree("/usr", recursive=False)
    syscalls.mount_setattr(tree, syscalls.MOUNT_ATTR_RDONLY, userns=users)


def try_image(path: str) -> None:
    """Raise OSError when the disk image at `path` cannot be mounted; enters a new namespace."""
    image = os.open(path, os.O_RDWR)
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("tmpfs", STAGE, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "size=1m")
    os.mkdir(_WRITABLE)
    _mount_image(image)


def assemble(plan: Plan) -> None:
    """Make the root file system at `ROOT`, in new namespaces, with this process as root of them."""
    for group in plan["cgroups"]:
        _write(f"{group}/cgroup.procs", str(os.getpid()))
    base = plan["ids"]["base"]
    users = _new_users(plan["ids"])
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    sources = _open_sources(plan, users)
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("tmpfs", STAGE, "tmpfs", flags, "size=1m,mode=755")
    for place in (ROOT, _WRITABLE, _TREES, f"{_TREES}/none"):
        os.mkdir(place)
    _mount_writable(plan, sources)
    if "snapshot" in sources:
        _put_snapshot(sources["snapshot"])
    _make_base(plan, base, shifted=users is not None)
    for number, tree in enumerate(plan["layout"]["trees"]):
        _mount_tree(tree, number, sources, base=base, shifted=users is not None)
    _fill(plan, sources, base)
    if users is None:
        # The kernel counts the processes of a user for each user namespace.
        import resource

        resource.setrlimit(resource.RLIMIT_NPROC, (plan["processes"], plan["processes"]))
    else:
        syscalls.setns(users, syscalls.CLONE_NEWUSER)
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)


def _new_users(ids: dict[str, Any]) -> int | None:
    """As root: the user namespace with many ids, to be entered later. Else: enter one-id ones."""
    if ids["many"]:
        users = _users_with_range(ids["base"], ids["count"])
        syscalls.unshare(syscalls.CLONE_NEWNS)
        return users
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"0 {uid} 1")
    _write("/proc/self/gid_map", f"0 {gid} 1")
    return None


def _users_with_range(base: int, count: int) -> int:
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _become_owner()
            syscalls.unshare(syscalls.CLONE_NEWUSER)
            os.write(ready[1], b"1")
            os.close(go[1])
            os.read(go[0], 1)
        finally:
            os._exit(0)
    try:
        os.close(ready[1])
        if not os.read(ready[0], 1):
            raise PermissionError("a new user namespace was refused")
        for kind in ("uid", "gid"):
            _write(f"/proc/{child}/{kind}_map", f"0 {base} {count}")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for end in (ready[0], *go):
            os.close(end)


def _become_owner() -> None:
    """Be nobody that exists, with root's capabilities, to own a user namespace.

    What the kernel counts for each user (inotify instances, message queues, pending signals), it
    also counts for the owner of the namespace they are in: root, whose own would be used up.
    """
    owner = _FIRST_OWNER + int.from_bytes(os.urandom(4), "big") % _OWNERS
    syscalls.keep_capabilities()
    # In a container with few ids there may be no such user: then the namespace is root's.
    with contextlib.suppress(OSError):
        os.setresuid(owner, owner, owner)


def _open_sources(plan: Plan, users: int | None) -> dict[str, int]:
    """Copies of all mounts that are needed, taken before /tmp is covered."""
    opened: dict[str, int] = {}
    limits = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV
    read_only = limits | syscalls.MOUNT_ATTR_RDONLY
    whole = users is None
    for tree in plan["layout"]["trees"]:
        opened[tree["source"]] = fd = syscalls.open_tree(tree["source"], recursive=whole)
        syscalls.mount_setattr(fd, read_only, userns=users, recursive=whole)
        if tree["mask"]:
            opened[tree["mask"]] = syscalls.open_tree(tree["mask"], recursive=False)
    if plan["snapshot"] is not None:
        opened["snapshot"] = os.open(plan["snapshot"], os.O_PATH | os.O_DIRECTORY)
    opened["runtime"] = fd = syscalls.open_tree(plan["runtime"], recursive=whole)
    syscalls.mount_setattr(fd, read_only, recursive=whole)
    for volume in plan["volumes"]:
        # Resolved and allowed before: a link now was put there since, by another sandbox perhaps.
        fd = syscalls.open_tree(volume["source"], recursive=whole, links=False)
        wanted = read_only if volume["read_only"] else limits
        try:
            syscalls.mount_setattr(fd, wanted, userns=users, recursive=whole)
        except OSError:
            # A file system that cannot shift ids: its files are somebody else's inside.
            syscalls.mount_setattr(fd, wanted, recursive=whole)
        opened[volume["source"]] = fd
    if plan["writable"]["kind"] == "directory":
        opened["writable"] = syscalls.open_tree(plan["writable"]["path"], recursive=whole)
    elif plan["writable"]["kind"] == "image":
        opened["writable"] = os.open(plan["writable"]["path"], os.O_RDWR)
    return opened


def _mount_writable(plan: Plan, sources: dict[str, int]) -> None:
    kind = plan["writable"]["kind"]
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    if kind == "directory":
        syscalls.mount_setattr(
            sources["writable"], syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV
        )
        syscalls.move_mount(sources["writable"], _WRITABLE)
    elif kind == "tmpfs":
        size = plan["writable"]["size"]
        syscalls.mount("tmpfs", _WRITABLE, "tmpfs", flags, f"size={size},mode=755")
    else:
        _mount_image(sources["writable"])
    for name in ("base", "upper", "work"):
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{_WRITABLE}/{name}", 0o755)


def _mount_image(fd: int) -> None:
    # mount(8) finds a free loop device and has the kernel give it back with the last use.
    # The kernel would write its tables of inodes for no use: what is not there reads as zeros.
    options = "loop,nosuid,nodev,discard,noinit_itable"
    words = ["mount", "-n", "-o", options, f"/proc/self/fd/{fd}", _WRITABLE]
    os.set_inheritable(fd, True)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    child = os.posix_spawn(_mount_program(), words, environment)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise OSError(f"mount of the disk image ended with {status}; the log says why")
    os.close(fd)


def _put_snapshot(fd: int) -> None:
    """Begin with what another sandbox had written."""
    os.set_inheritable(fd, True)
    sources = [f"/proc/self/fd/{fd}/{part}" for part in snapshots.PARTS]
    words = [*snapshots.COPY, *sources, f"{_WRITABLE}/"]
    child = os.posix_spawn(snapshots.copy_program(), words, {"LANG": "C.UTF-8"})
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise OSError(f"copying the snapshot ended with {status}; the log says why")
    os.close(fd)


def _mount_program() -> str:
    places = ("/usr/bin/mount", "/bin/mount", "/usr/sbin/mount", "/sbin/mount")
    return next((place for place in places if os.access(place, os.X_OK)), places[0])


def _make_base(plan: Plan, base: int, *, shifted: bool) -> None:
    """The directory below all trees: empty directories and links, on the writable file system."""
    layout = plan["layout"]
    if any(tree["target"] == "" for tree in layout["trees"]):
        return
    place, work = f"{_WRITABLE}/base", f"{_WRITABLE}/work/base"
    os.chown(place, base, base)
    if plan["writable"]["kind"] == "directory":
        # Mounted as it is, it would show where it lies on the machine.
        with contextlib.suppress(FileExistsError):
            os.mkdir(work)
        _mount_overlay(ROOT, [f"{_TREES}/none"], place, work, shifted=shifted)
    else:
        syscalls.move_mount(syscalls.open_tree(place, recursive=False), ROOT)
    root = os.open(ROOT, os.O_PATH | os.O_DIRECTORY)
    _make_entries(root, layout, base)
    for tree in layout["trees"]:
        if tree["kind"] != "overlay" or not tree["target"].startswith("usr/"):
            make_directories(root, tree["target"], base)
    os.close(root)


def _make_entries(root: int, layout: dict[str, Any], base: int) -> None:
    for name, mode in layout["directories"]:
        make_directories(root, name, base, mode=mode)
    for name, target in layout["links"]:
        make_link(root, name, target, base)


def _mount_tree(
    tree: dict[str, Any], number: int, sources: dict[str, int], *, base: int, shifted: bool
) -> None:
    place = f"{_TREES}/{number}"
    target = _inside(tree["target"])
    if tree["kind"] == "entries":
        _mount_entries(tree["source"], target, sources[tree["source"]])
        return
    if tree["kind"] == "read-only":
        syscalls.move_mount_onto(sources[tree["source"]], target)
        return
    os.makedirs(f"{place}/low")
    syscalls.move_mount(sources[tree["source"]], f"{place}/low")
    lowers = [f"{place}/low"]
    if tree["mask"]:
        os.mkdir(f"{place}/mask")
        syscalls.move_mount(sources[tree["mask"]], f"{place}/mask")
        lowers.insert(0, f"{place}/mask")
    name = tree["target"].replace("/", "+") or "root"
    upper, work = f"{_WRITABLE}/upper/{name}", f"{_WRITABLE}/work/{name}"
    _make_upper(upper, work, lowers[-1], base=base, shifted=shifted)
    # Without a tree below it the root is a directory still to be mounted on, by its name.
    at = f"/proc/self/fd/{target}" if tree["target"] else ROOT
    _mount_overlay(at, lowers, upper, work, shifted=shifted)


def _inside(path: str) -> int:
    """What is at `path` in the root; a snapshot may have brought links along that lead away."""
    root = os.open(ROOT, os.O_PATH | os.O_DIRECTORY)
    found = syscalls.open_in_root(root, path or ".", os.O_PATH)
    os.close(root)
    return found


def _mount_overlay(target: str, lowers: list[str], upper: str, work: str, *, shifted: bool) -> None:
    options = f"lowerdir={':'.join(lowers)},upperdir={upper},workdir={work}"
    if not shifted:
        options += ",userxattr"
    syscalls.mount("overlay", target, "overlay", syscalls.MS_NOSUID | syscalls.MS_NODEV, options)


def _make_upper(upper: str, work: str, low: str, *, base: int, shifted: bool) -> None:
    for place in (upper, work):
        with contextlib.suppress(FileExistsError):
            os.mkdir(place)
    seen = os.stat(low)
    os.chmod(upper, seen.st_mode & 0o7777)
    if shifted:
        os.chown(upper, seen.st_uid, seen.st_gid)
    elif base:
        os.chown(upper, base, base)


def _mount_entries(source: str, target: int, tree: int) -> None:
    """Each entry of `source` by itself, so that there is room beside them."""
    for entry in os.listdir(source):
        origin = f"/proc/self/fd/{tree}/{entry}"
        if os.path.isdir(origin) and not os.path.islink(origin) and entry != "opensandbox":
            with contextlib.suppress(FileExistsError):
                os.mkdir(entry, dir_fd=target)
            place = os.open(entry, os.O_PATH | os.O_NOFOLLOW, dir_fd=target)
            fd = syscalls.open_tree(origin, recursive=True)
            syscalls.mount_setattr(fd, syscalls.MOUNT_ATTR_RDONLY, recursive=True)
            syscalls.move_mount_onto(fd, place)
            os.close(place)


def _fill(plan: Plan, sources: dict[str, int], base: int) -> None:
    """What the sandbox has beyond its trees: the runtime, small files, links, volumes."""
    layout = plan["layout"]
    root = os.open(ROOT, os.O_PATH | os.O_DIRECTORY)
    if any(tree["target"] == "" for tree in layout["trees"]):
        _make_entries(root, layout, base)
    make_directories(root, _RUNTIME, base)
    _attach(root, sources["runtime"], _RUNTIME)
    for name, target in layout["python_links"]:
        make_directories(root, os.path.dirname(name), base)
        make_link(root, name, target, base)
    for name, text in layout["files"]:
        _put_file(root, name, text, base)
    for name in layout["covers"]:
        _cover(root, name)
    for volume in plan["volumes"]:
        _mount_volume(root, volume, sources[volume["source"]], base)
    os.close(root)


def _put_file(root: int, name: str, text: str, base: int) -> None:
    directory = syscalls.open_in_root(root, os.path.dirname(name), os.O_PATH | os.O_DIRECTORY)
    last = os.path.basename(name)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(last, dir_fd=directory)
        fd = os.open(last, flags, 0o644, dir_fd=directory)
        os.write(fd, text.encode())
        os.fchown(fd, base, base)
        os.close(fd)
    except OSError:
        # A read-only tree: cover the machine's file by one of the stage.
        cover = f"{STAGE}/{last}"
        with open(cover, "w") as file:
            file.write(text)
        _attach(root, syscalls.open_tree(cover, recursive=False), name)
    finally:
        os.close(directory)


def _cover(root: int, name: str) -> None:
    """Show an empty file or directory, never to be written, instead of the machine's own."""
    target = syscalls.open_in_root(root, name, os.O_PATH)
    empty = f"{_TREES}/none"
    if not os.path.isdir(f"/proc/self/fd/{target}"):
        empty = f"{STAGE}/empty"
        os.close(os.open(empty, os.O_CREAT, 0o444))
    cover = syscalls.open_tree(empty, recursive=False)
    syscalls.mount_setattr(cover, syscalls.MOUNT_ATTR_RDONLY)
    syscalls.move_mount_onto(cover, target)
    os.close(cover)
    os.close(target)


def _mount_volume(root: int, volume: dict[str, Any], tree: int, base: int) -> None:
    target = volume["target"].strip("/")
    if os.path.isdir(f"/proc/self/fd/{tree}"):
        make_directories(root, target, base)
    else:
        make_directories(root, os.path.dirname(target), base)
        _touch(root, target, base)
    _attach(root, tree, target)


def _touch(root: int, path: str, base: int) -> None:
    directory = syscalls.open_in_root(root, os.path.dirname(path) or ".", os.O_PATH)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with contextlib.suppress(FileExistsError):
        fd = os.open(os.path.basename(path), flags, 0o644, dir_fd=directory)
        os.fchown(fd, base, base)
        os.close(fd)
    os.close(directory)


def _attach(root: int, tree: int, path: str) -> None:
    target = syscalls.open_in_root(root, path, os.O_PATH)
    syscalls.move_mount_onto(tree, target)
    os.close(target)
    os.close(tree)


def make_directories(root: int, path: str, owner: int, *, mode: int = 0o755) -> None:
    """Make `path` and what is missing above it below `root`; `mode` is for the last, if made."""
    current = os.dup(root)
    walked = ""
    parts = [part for part in path.split("/") if part]
    for number, part in enumerate(parts, 1):
        _make_directory(current, part, owner, mode if number == len(parts) else 0o755)
        walked = f"{walked}/{part}"
        os.close(current)
        current = syscalls.open_in_root(root, walked, os.O_PATH | os.O_DIRECTORY)
    os.close(current)


def _make_directory(above: int, name: str, owner: int, mode: int) -> None:
    """Unless something is there. In a volume, another sandbox may put a link there right after."""
    usual = os.umask(0)
    try:
        os.mkdir(name, mode, dir_fd=above)
        os.chown(name, owner, owner, dir_fd=above, follow_symlinks=False)
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno != errno.EOVERFLOW:
            raise
        raise OSError(f"{name!r} would be in a volume, and has to be there already") from None
    finally:
        os.umask(usual)


def make_link(root: int, name: str, target: str, owner: int) -> None:
    """A symbolic link at `name` below `root`, unless something is there."""
    directory = syscalls.open_in_root(root, os.path.dirname(name) or ".", os.O_PATH)
    last = os.path.basename(name)
    with contextlib.suppress(FileExistsError):
        os.symlink(target, last, dir_fd=directory)
        os.chown(last, owner, owner, dir_fd=directory, follow_symlinks=False)
    os.close(directory)


def _become_bubblewrap(plan: Plan) -> None:
    descriptors = plan["descriptors"]
    _place(descriptors["arguments"], b"".join(o.encode() + b"\0" for o in plan["options"]))
    _place(descriptors["seccomp"], bytes.fromhex(plan["seccomp"]))
    os.set_inheritable(descriptors["report"], True)
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    kept = {0, 1, 2, *plan["inherited"], *descriptors.values()}
    for fd in map(int, os.listdir("/proc/self/fd")):
        if fd not in kept:
            with contextlib.suppress(OSError):
                os.close(fd)
    os.execve(plan["argv"][0], plan["argv"], {})


def _place(number: int, content: bytes) -> None:
    """Make the descriptor `number` read `content`."""
    fd = os.memfd_create("plan", 0)
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    os.dup2(fd, number)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
