"""A sandbox whose server was killed is found again by the next one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opensandbox.local.isolation import handle
from opensandbox.local.isolation.spec import Started

pytestmark = pytest.mark.isolation

ROOT = Path(__file__).resolve().parents[3]
SERVER = """
import json, sys, time
from pathlib import Path
from opensandbox.local.isolation import starter
from opensandbox.local.isolation.probe import probe
from opensandbox.local.isolation.spec import ImageRoot, Limits, SandboxSpec

spec = SandboxSpec(
    id=sys.argv[1],
    directory=Path(sys.argv[2]),
    root=ImageRoot(name=""),
    limits=Limits(disk=64 << 20),
    isolation=sys.argv[3],
)
print(json.dumps(starter.start(spec, probe()).to_dict()), flush=True)
time.sleep(1000)
"""


@pytest.mark.parametrize("isolation", ["bubblewrap", "none"])
def test_a_killed_server_leaves_its_sandbox_running_and_the_next_ends_it(
    tmp_path: Path, isolation: str
) -> None:
    words = [sys.executable, "-c", SERVER, f"adopt-{os.getpid()}", str(tmp_path / "s"), isolation]
    paths = ":".join([str(ROOT), str(ROOT / "generated")])
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths}
    ) as server:
        assert server.stdout is not None
        started = Started.from_dict(json.loads(server.stdout.readline()))
        os.kill(server.pid, signal.SIGKILL)
    again = handle.adopt(started)
    assert again is not None, "it ended with its server"
    try:
        assert again.request({"op": "status"})["ok"] is True
        again.freeze()
        again.thaw()
    finally:
        again.kill()
    assert handle.adopt(started) is None
    assert not Path(started.directory).exists()
    assert not any(Path(group).exists() for group in started.cgroups)
