"""The arguments of bubblewrap, read as data."""

from __future__ import annotations

import itertools

from opensandbox.local.isolation import bwrap

DESCRIPTORS = bwrap.Descriptors(arguments=10, seccomp=11, report=12)
ENCLOSURE = bwrap.Enclosure(root="/stage/root", hostname="box", environment={"PATH": "/bin"})


def options() -> list[str]:
    return bwrap.options(ENCLOSURE, DESCRIPTORS)


def pairs() -> list[tuple[str, str]]:
    listed = options()
    return list(itertools.pairwise(listed))


def test_every_namespace_is_its_own() -> None:
    for kind in ("pid", "ipc", "uts", "net"):
        assert f"--unshare-{kind}" in options()


def test_the_daemon_is_process_1_and_outlives_the_server() -> None:
    assert "--as-pid-1" in options()
    assert "--die-with-parent" not in options()


def test_the_environment_is_what_is_given_and_nothing_else() -> None:
    assert options().index("--clearenv") < options().index("--setenv")
    assert options().count("--setenv") == 1


def test_all_capabilities_go_before_the_few_come() -> None:
    listed = options()
    assert listed[listed.index("--cap-drop") + 1] == "ALL"
    assert listed.index("--cap-drop") < listed.index("--cap-add")
    added = {value for name, value in pairs() if name == "--cap-add"}
    assert added == set(bwrap.CAPABILITIES)
    forbidden = {"CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_NET_ADMIN", "CAP_MKNOD", "CAP_NET_RAW"}
    assert not added & forbidden


def test_the_filter_is_read_from_its_descriptor() -> None:
    assert ("--seccomp", "11") in pairs()


def test_shared_memory_has_a_size_and_is_for_everybody() -> None:
    listed = options()
    at = listed.index("/dev/shm")
    assert listed[at - 5 : at] == ["--perms", "1777", "--size", str(64 << 20), "--tmpfs"]


def test_no_option_can_be_read_from_the_command_line() -> None:
    seen = bwrap.argv("/usr/bin/bwrap", DESCRIPTORS, ["daemon", "--listen", "3"])
    assert seen == ["/usr/bin/bwrap", "--args", "10", "--", "daemon", "--listen", "3"]
