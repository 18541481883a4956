"""Sandboxes started for real."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attrs import evolve

from opensandbox.local.isolation import assemble, bwrap, handle, mask, starter
from opensandbox.local.isolation.probe import Machine
from opensandbox.local.isolation.spec import ImageRoot, Limits, SandboxSpec, VolumeMount
from tests.local.isolation.boxes import MACHINE_ROOT, Box, box

pytestmark = pytest.mark.isolation
MIB = 1 << 20


@pytest.fixture(scope="module")
def shared(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A sandbox for what changes nothing."""
    with box(tmp_path_factory.mktemp("state"), machine) as started:
        yield started


def left_of(started: Box) -> list[str]:
    """What is still there of a sandbox that was ended."""
    found = [group for group in started.started.cgroups if Path(group).exists()]
    if Path(started.started.directory).exists():
        found.append(started.started.directory)
    pids = (started.started.pid, started.started.outer_pid)
    found += [f"process {pid}" for pid in pids if Path(f"/proc/{pid}").exists()]
    mounts = Path("/proc/self/mountinfo").read_text()
    loops = [p.read_text() for p in Path("/sys/block").glob("loop*/loop/backing_file")]
    found += [text for text in (mounts, *loops) if started.started.id in text]
    return found


def in_use(machine: Machine, controller: str) -> None:
    if not machine.limits(controller):
        pytest.skip(f"this machine lets nobody limit {controller}")


@pytest.mark.parametrize("name", ["python", "python3"])
def test_python_runs(shared: Box, name: str) -> None:
    assert shared.run(f"{name} -c 'print(6 * 7)'").stdout.strip() == "42"


def test_it_is_root_of_its_own(shared: Box) -> None:
    assert shared.run("id -u").stdout.strip() == "0"
    assert shared.run("hostname").stdout.strip() == "sandbox"
    assert "sandbox" in shared.run("cat /etc/hosts").stdout


def test_the_places_programs_write_to_are_writable(shared: Box) -> None:
    for place in ("/tmp", "/root", "/home", "/run", "/var/tmp", "/var/log", "/srv", "/dev/shm"):
        assert shared.run(f"touch {place}/file && rm {place}/file").error is None, place


def test_every_user_may_write_to_tmp(shared: Box) -> None:
    assert shared.run("stat -c %a /tmp /var/tmp /dev/shm").stdout.split() == ["1777"] * 3


def test_it_sees_only_its_own_processes(shared: Box) -> None:
    pids = [int(name) for name in shared.run("ls /proc").stdout.split() if name.isdigit()]
    assert len(pids) < 10


def test_as_root_the_system_can_be_changed_and_the_machine_does_not_notice(
    shared: Box, machine: Machine
) -> None:
    if not machine.many_ids:
        pytest.skip("system directories are read-only here")
    before = Path("/etc/passwd").read_text()
    assert shared.run("useradd bob && su bob -c id").stdout.startswith("uid=")
    assert shared.run("touch /usr/lib/mine && echo x >> /etc/services").error is None
    assert Path("/etc/passwd").read_text() == before
    assert not Path("/usr/lib/mine").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads the memory of the daemon")
def test_neither_the_daemon_nor_the_process_above_holds_our_environment(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at from outside: inside, nobody could see it if it were there."""
    monkeypatch.setenv("OPENSANDBOX_TEST_CANARY", "canary")
    with box(tmp_path, machine) as started:
        for pid in (started.started.pid, started.started.outer_pid):
            assert b"canary" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert Path(f"/proc/{started.started.outer_pid}/environ").read_bytes() == b""
        seen = Path(f"/proc/{started.started.outer_pid}/cmdline").read_text()
        assert str(tmp_path) not in seen


def test_what_is_started_can_be_found_again(shared: Box) -> None:
    again = handle.adopt(type(shared.started).from_dict(shared.started.to_dict()))
    assert again is not None
    assert again.request({"op": "status"})["configured"] is True


def test_another_process_of_the_same_number_is_not_mistaken_for_it(shared: Box) -> None:
    stranger = evolve(shared.started, start_time=shared.started.start_time - 1)
    assert handle.adopt(stranger) is None
    assert handle.adopt(evolve(shared.started, boot_id="another")) is None


def test_the_isolation_it_got_is_said(shared: Box, machine: Machine) -> None:
    said = shared.started.extensions
    assert said["isolation"] == "bubblewrap"
    assert said["root"] == MACHINE_ROOT.note
    assert ("65536 ids" in said["identities"]) is machine.many_ids


def test_ending_it_leaves_nothing_and_can_be_done_twice(machine: Machine, tmp_path: Path) -> None:
    with box(tmp_path, machine, limits=Limits(disk=64 * MIB)) as started:
        started.run("sleep 100 & mkdir -p /tmp/closed/deep; chmod 000 /tmp/closed")
        started.handle.kill()
        assert left_of(started) == []
        started.handle.kill()
        assert handle.adopt(started.started) is None


def test_it_stops_and_goes_on(machine: Machine, tmp_path: Path) -> None:
    with box(tmp_path, machine) as started:
        started.run("(while :; do date +%N > /tmp/tick; done) > /dev/null 2>&1 &")
        started.handle.freeze()
        assert started.handle.alive()
        assert handle.adopt(started.started) is not None
        started.handle.thaw()
        assert started.answers()


def test_a_stopped_one_can_be_ended(machine: Machine, tmp_path: Path) -> None:
    with box(tmp_path, machine) as started:
        started.handle.freeze()
        started.handle.kill()
        assert left_of(started) == []


def test_without_control_groups_signals_stop_it(machine: Machine, tmp_path: Path) -> None:
    bare = evolve(machine, cgroups_v1={}, cgroup_v2=None)
    with box(tmp_path, bare) as started:
        assert started.started.cgroups == ()
        started.handle.freeze()
        assert " T " in Path(f"/proc/{started.started.pid}/stat").read_text()
        started.handle.thaw()
        assert started.answers()
        started.handle.freeze()
        started.handle.kill()
        assert left_of(started) == []


def test_it_outlives_whoever_started_it(machine: Machine, tmp_path: Path) -> None:
    with box(tmp_path, machine) as started:
        session = os.getsid(started.started.outer_pid)
        assert session == started.started.outer_pid, "a signal to our session would reach it"


def test_a_daemon_that_is_killed_takes_its_sandbox_with_it(
    machine: Machine, tmp_path: Path
) -> None:
    with box(tmp_path, machine) as started:
        os.kill(started.started.pid, signal.SIGKILL)
        assert started.handle.wait(10)
        assert not started.handle.alive()
        started.handle.kill()
        assert left_of(started) == []


def test_memory_ends_a_command_and_not_the_daemon(machine: Machine, tmp_path: Path) -> None:
    in_use(machine, "memory")
    with box(tmp_path, machine, limits=Limits(memory=128 * MIB)) as started:
        outcome = started.run_python("x = bytearray(400 << 20); print('got it')")
        assert "got it" not in outcome.stdout
        assert started.answers()
        assert started.handle.usage()["oom_kills"] >= 1


def test_cpu_is_shared_out(machine: Machine, tmp_path: Path) -> None:
    in_use(machine, "cpu")
    with box(tmp_path, machine, limits=Limits(cpu=0.5)) as started:
        program = (
            "import time\n"
            "until = time.monotonic() + 1\n"
            "while time.monotonic() < until: pass\n"
            "print(time.process_time())"
        )
        used = float(started.run_python(program).stdout)
        assert used < 0.85, "half a core was allowed"


def test_processes_are_counted(machine: Machine, tmp_path: Path) -> None:
    in_use(machine, "pids")
    with box(tmp_path, machine, limits=Limits(processes=40)) as started:
        outcome = started.run("for i in $(seq 60); do sleep 2 & done 2>&1; wait")
        assert "Resource temporarily unavailable" in outcome.stdout + outcome.stderr
        assert started.answers()


def test_limits_change_while_it_runs(machine: Machine, tmp_path: Path) -> None:
    in_use(machine, "memory")
    with box(tmp_path, machine, limits=Limits(memory=512 * MIB)) as started:
        started.handle.set_limits(Limits(memory=128 * MIB))
        outcome = started.run_python("x = bytearray(300 << 20); print('got it')")
        assert "got it" not in outcome.stdout
        started.handle.set_limits(Limits(memory=None))
        assert "got it" in started.run_python("x = bytearray(300 << 20); print('got it')").stdout


def test_the_disk_is_full_inside_only(machine: Machine, tmp_path: Path) -> None:
    with box(tmp_path, machine, limits=Limits(disk=64 * MIB)) as started:
        filled = started.run("dd if=/dev/zero of=/root/big bs=1M count=200")
        assert "No space left on device" in filled.stderr
        assert started.answers()
        assert started.run("rm /root/big && echo free > /root/small").error is None


def test_volumes_are_there_and_a_read_only_one_stays_as_it_is(
    machine: Machine, tmp_path: Path
) -> None:
    data, fixed = tmp_path / "data", tmp_path / "fixed"
    for place in (data, fixed):
        place.mkdir()
        (place / "file").write_text("from outside")
    mounts = (
        VolumeMount(source=data, target="/srv/deep/data"),
        VolumeMount(source=fixed, target="/srv/fixed", read_only=True),
        VolumeMount(source=fixed / "file", target="/srv/one.txt", read_only=True),
    )
    with box(tmp_path / "state", machine, mounts=mounts) as started:
        assert started.run("cat /srv/deep/data/file /srv/one.txt").stdout == "from outside" * 2
        assert started.run("echo inside > /srv/deep/data/new").error is None
        assert (data / "new").read_text() == "inside\n"
        assert "Read-only" in started.run("touch /srv/fixed/new").stderr
    assert (data / "file").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a private file in /etc read")
def test_a_private_file_of_the_machine_is_not_read(machine: Machine, tmp_path: Path) -> None:
    private = Path(f"/etc/opensandbox-test-{os.getpid()}")
    private.touch(mode=0o600)
    try:
        private.write_text("private to root")
        with box(tmp_path, machine) as started:
            assert "private" not in started.run(f"cat {private}; ls /etc").stdout
    finally:
        private.unlink()


@pytest.mark.parametrize("many_ids", [True, False])
def test_what_tells_of_the_machine_is_not_read(
    machine: Machine, tmp_path: Path, many_ids: bool
) -> None:
    if many_ids and not machine.many_ids:
        pytest.skip("this machine has one id for a sandbox")
    private = [f"/{path}" for path in mask.to_cover() if Path(f"/{path}").is_file()]
    with box(tmp_path, evolve(machine, many_ids=many_ids)) as started:
        for path in (*private, "/etc/machine-id"):
            assert started.run(f"cat {path}").stdout in ("", mask_of(path)), path
        assert started.run("ls /etc/ssh /etc/docker /etc/kubernetes").stdout.split() in (
            [],
            ["/etc/ssh:"],
        )
        assert started.run("cat /etc/passwd").stdout == Path("/etc/passwd").read_text()


def mask_of(path: str) -> str:
    """What is seen instead of a file of passwords."""
    name = path.rpartition("/")[2]
    if not name.startswith(("shadow", "gshadow")):
        return ""
    accounts = Path("/etc/group" if name.startswith("g") else "/etc/passwd").read_text()
    return mask.without_passwords(accounts, name)


def test_a_volume_below_another_is_seen_there(machine: Machine, tmp_path: Path) -> None:
    outer, inner, state = tmp_path / "outer", tmp_path / "inner", tmp_path / "state"
    (outer / "there").mkdir(parents=True)
    inner.mkdir()
    (inner / "file").write_text("from the inner one")
    above, below = (
        VolumeMount(source=outer, target="/data"),
        VolumeMount(source=inner, target="/data//there"),
    )
    with box(state, machine, mounts=(below, above)) as started:
        assert started.run("cat /data/there/file").stdout == "from the inner one"
    missing = VolumeMount(source=inner, target="/data/missing")
    if machine.many_ids:  # Somebody else's files otherwise: they can be made then.
        with (
            pytest.raises(starter.StartError, match="'missing' would be in a volume"),
            box(state, machine, mounts=(above, missing)),
        ):
            pass
        assert os.listdir(outer) == ["there"]


def test_a_link_that_takes_a_new_directorys_place_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    for place in (outside, root):
        place.mkdir(mode=0o700)
    make = os.mkdir

    def make_and_replace(name: str, mode: int = 0o777, *, dir_fd: int) -> None:
        make(name, mode, dir_fd=dir_fd)
        os.rmdir(name, dir_fd=dir_fd)
        os.symlink(outside, name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", make_and_replace)
    descriptor = os.open(root, os.O_RDONLY)
    with pytest.raises(OSError, match="below"):
        assemble.make_directories(descriptor, "below", os.geteuid(), mode=0o777)
    os.close(descriptor)
    assert outside.stat().st_mode & 0o777 == 0o700


def test_a_volume_that_became_a_link_is_refused(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/root")
    mounts = (VolumeMount(source=tmp_path / "link", target="/srv/x"),)
    state = tmp_path / "state"
    # In a block that ends it: a sandbox that starts all the same must not stay.
    with (
        pytest.raises(starter.StartError, match="did not start"),
        box(state, machine, mounts=mounts),
    ):
        pass
    assert list(state.iterdir()) == []


def test_a_start_that_fails_half_way_leaves_nothing(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bwrap, "argv", lambda *_: ["/usr/bin/bwrap", "--no-such-option"])
    name = f"half-{os.getpid()}"
    spec = SandboxSpec(
        id=name, directory=tmp_path / "s", root=MACHINE_ROOT, limits=Limits(disk=64 * MIB)
    )
    with pytest.raises(starter.StartError, match=r"; its log says: [^\n]*option$") as raised:
        starter.start(spec, machine)
    assert "no-such-option" in raised.value.log
    assert not (tmp_path / "s").exists()
    parents = [*machine.cgroups_v1.values(), machine.cgroup_v2]
    assert not any(Path(p, f"opensandbox-{name}").exists() for p in parents if p)


def test_an_image_without_python_has_one(machine: Machine, tmp_path: Path) -> None:
    image = small_image(tmp_path / "image")
    root = ImageRoot(name="small", path=image, imported=True, note="small, imported")
    with box(tmp_path / "state", machine, root=root) as started:
        for name in ("python", "python3"):
            printed = started.run(f"{name} -c 'import ssl, sqlite3; print(6 * 7)'")
            assert printed.stdout == "42\n", printed
        again = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1)'])"
        assert started.run(f'python -c "{again}"').stdout == "1\n"
        assert "usr" in started.run("ls /").stdout.split()
        assert started.run("echo x > /added").error is None
        assert started.started.extensions["root"] == "small, imported"
    assert not (image / "added").exists()
    assert {"bin", "etc", "usr"} <= set(os.listdir(image)) <= {"bin", "etc", "usr", "lib", "lib64"}


def test_links_in_an_image_lead_nowhere_outside(machine: Machine, tmp_path: Path) -> None:
    """`opt` and `tmp` of this image point at directories of the machine."""
    outside = tmp_path / "outside"
    outside.mkdir()
    image = tmp_path / "image"
    image.mkdir()
    (image / "usr").mkdir()
    (image / "bin").symlink_to("usr")
    for name in ("opt", "etc", "run"):
        (image / name).symlink_to(outside)
    root = ImageRoot(name="evil", path=image, imported=True)
    with pytest.raises(starter.StartError), box(tmp_path / "state", machine, root=root):
        pass
    assert list(outside.iterdir()) == []


def small_image(image: Path) -> Path:
    """A root file system of a shell, a few programs and what they load: no Python."""
    for program in ("/bin/sh", "/bin/ls", "/bin/cat"):
        loaded = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
        paths = [word for word in loaded.stdout.split() if word.startswith("/")]
        for path in (program, *paths):
            copy = image / path.lstrip("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    (image / "usr/bin").mkdir(parents=True, exist_ok=True)
    (image / "etc").mkdir()
    (image / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    for place in ("lib", "lib64"):
        if (image / place).exists() and not (image / "usr" / place).exists():
            (image / place).rename(image / "usr" / place)
            (image / place).symlink_to(f"usr/{place}")
    return image


def test_without_isolation_it_is_a_plain_process_that_can_be_ended(
    machine: Machine, tmp_path: Path
) -> None:
    with box(tmp_path, machine, isolation="none") as started:
        assert started.started.extensions["isolation"] == "none"
        assert started.run("python3 -c 'print(1)'; python -c 'print(2)'").stdout == "1\n2\n"
        started.run("nohup setsid sleep 1000 > /dev/null 2>&1 &")
        started.handle.freeze()
        started.handle.thaw()
        assert started.answers()
        started.handle.kill()
        assert left_of(started) == []


def test_a_machine_that_cannot_isolate_refuses_and_says_why(
    machine: Machine, tmp_path: Path
) -> None:
    bare = evolve(machine, problems_of_isolation=("bubblewrap is not installed; install it.",))
    spec = SandboxSpec(id="x", directory=tmp_path / "s", root=MACHINE_ROOT)
    with pytest.raises(starter.StartError, match="bubblewrap is not installed; install it"):
        starter.start(spec, bare)
    assert not (tmp_path / "s").exists()


def test_several_start_at_once(machine: Machine, tmp_path: Path) -> None:
    def one(number: int) -> bool:
        with box(tmp_path / str(number), machine) as started:
            return started.answers()

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, range(4)))


def test_the_daemon_holds_its_sockets_alone(shared: Box) -> None:
    """Else a connection to a dead sandbox would be taken and never answered."""
    port = shared.started.execd_port
    held = subprocess.run(
        ["find", f"/proc/{os.getpid()}/fd", "-lname", "socket:*"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    inodes = {os.readlink(path) for path in held}
    listening = [
        line.split()
        for line in Path("/proc/net/tcp").read_text().splitlines()
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    ]
    assert listening
    assert not inodes & {f"socket:[{fields[9]}]" for fields in listening}
