"""Every attack of `attacks`, made from inside a sandbox by its own root."""

from __future__ import annotations

import ast
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensandbox.local.isolation.probe import Machine
from tests.local.isolation.boxes import TOKEN, box, listener_on_loopback

pytestmark = pytest.mark.isolation

SCRIPT = Path(__file__).with_name("attacks.py")
CANARY = "canary-5b3cf1"
NAMES = [
    node.name
    for node in ast.parse(SCRIPT.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.decorator_list
]


@pytest.fixture(scope="module")
def outcomes(
    machine: Machine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What came of every attack, made while another sandbox runs beside."""
    state = tmp_path_factory.mktemp("state")
    secret = state / "server-secret"
    secret.write_text(CANARY)
    patch = pytest.MonkeyPatch()
    patch.setenv("OPENSANDBOX_TEST_CANARY", CANARY)
    name = f"opensandbox-test-{os.getpid()}"
    with (
        patch.context(),
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
        yield json.loads(outcome.stdout)
        assert attacked.answers(), "an attack ended the daemon"
        assert neighbour.answers(), "an attack reached the neighbour"
    patch.undo()


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


@pytest.mark.parametrize("name", NAMES)
def test_it_is_blocked(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[name].startswith("blocked"), outcomes[name]


def test_every_attack_was_made(outcomes: dict[str, str]) -> None:
    assert sorted(outcomes) == sorted(NAMES)
