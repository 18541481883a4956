"""The arguments of bubblewrap, as data: what a sandbox is made of, in one reading.

Rules: pure; no host path but that of the prepared root appears, and all of it goes in through a
descriptor (`--args`), so that no argument can be read from inside.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)
"""What root of a sandbox may do, to his own sandbox only: enough for package managers."""

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHARED_MEMORY = 64 << 20


@frozen(kw_only=True)
class Descriptors:
    """The descriptors bubblewrap reads its arguments and filter from and reports to."""

    arguments: int
    seccomp: int
    report: int


@frozen(kw_only=True)
class Enclosure:
    """What bubblewrap is told: the prepared `root`, the name and environment inside.

    `new_user` makes a one-id user namespace too, for who has not entered one before.
    `shared_memory` is the size of /dev/shm in bytes.
    """

    root: str
    hostname: str
    environment: Mapping[str, str] = field(factory=dict)
    shared_memory: int = _SHARED_MEMORY


def options(enclosure: Enclosure, descriptors: Descriptors) -> list[str]:
    """Everything but the command, for ``--args``."""
    listed = [
        *("--bind", enclosure.root, "/"),
        *("--proc", "/proc"),
        *("--dev", "/dev"),
        *("--perms", "1777", "--size", str(enclosure.shared_memory), "--tmpfs", "/dev/shm"),
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-net",
        "--unshare-cgroup-try",
        *("--hostname", enclosure.hostname),
        "--new-session",
        "--as-pid-1",
        "--clearenv",
    ]
    for name, value in sorted(enclosure.environment.items()):
        listed += ["--setenv", name, value]
    listed += ["--cap-drop", "ALL"]
    for name in CAPABILITIES:
        listed += ["--cap-add", name]
    return [
        *listed,
        *("--seccomp", str(descriptors.seccomp)),
        *("--info-fd", str(descriptors.report)),
        *("--chdir", "/"),
    ]


def argv(program: str, descriptors: Descriptors, command: list[str]) -> list[str]:
    """The visible arguments: those of `options` are read from their descriptor."""
    return [program, "--args", str(descriptors.arguments), "--", *command]
