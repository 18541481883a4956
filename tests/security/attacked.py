"""A sandbox that is attacked from inside, beside another one: what came of every attack.

Run by itself, with a folder of its own, it prints that as JSON: so it is made by another user.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

from opensandbox.local.isolation.probe import Machine, probe
from tests.local.isolation.boxes import TOKEN, box, listener_on_loopback

SCRIPT = Path(__file__).with_name("attacks.py")
CANARY = "canary-5b3cf1"
VARIABLE = "OPENSANDBOX_TEST_CANARY"
"""The variable of the server's environment that holds it, set by whoever begins this."""


def outcomes(state: Path, machine: Machine) -> dict[str, str]:
    """What came of every attack, made while another sandbox runs beside."""
    state.mkdir(exist_ok=True)
    secret = state / "server-secret"
    secret.write_text(CANARY)
    name = f"opensandbox-test-{os.getpid()}"
    with (
        listener_on_loopback() as port,
        socket.socket(socket.AF_UNIX) as abstract,
        box(state, machine) as neighbour,
        box(state, machine) as attacked,
    ):
        abstract.bind("\0" + name)
        abstract.listen()
        neighbour.run(f"echo {CANARY} > /root/secret; mkdir -p /home/{name}")
        targets = {
            "canary": CANARY,
            "token": TOKEN,
            "state": str(state),
            "paths": [str(secret), str(state), neighbour.started.directory, f"/home/{name}"],
            "private": private_files(),
            "port": port,
            "addresses": [*addresses_of_this_machine()],
            "abstract": name,
        }
        attacked.run(f"cat > /tmp/targets.json << 'END'\n{json.dumps(targets)}\nEND")
        # As a file of its own: what runs it must hold no more than a command does.
        outcome = attacked.run_python(SCRIPT.read_text())
        assert outcome.stdout, outcome
        assert attacked.answers(), "an attack ended the daemon"
        assert neighbour.answers(), "an attack reached the neighbour"
    found: dict[str, str] = json.loads(outcome.stdout)
    return found


def private_files() -> list[str]:
    """Files of /etc that not everybody may read."""
    found = []
    for place, _, names in os.walk("/etc"):
        for name in names:
            path = os.path.join(place, name)
            usual = name.removesuffix("-") in ("shadow", "gshadow")
            if not usual and not os.path.islink(path) and not os.stat(path).st_mode & 0o004:
                found.append(path)
    return found


def addresses_of_this_machine() -> set[str]:
    """What this machine is reached at, but for its loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            return set()
        return {str(asking.getsockname()[0])}


def main() -> None:
    machine = probe()
    if machine.isolates:
        print(json.dumps(outcomes(Path(sys.argv[1]), machine)))
    else:
        print(json.dumps({"problems": machine.problems_of_isolation}))


if __name__ == "__main__":
    main()
