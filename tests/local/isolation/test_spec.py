"""What a sandbox may be asked to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensandbox.local.isolation.spec import (
    ImageRoot,
    Limits,
    SandboxSpec,
    Started,
    VolumeMount,
)


@pytest.mark.parametrize("identity", ["", "..", "a/b", "-x", "a\0b", "x" * 200])
def test_an_id_that_could_be_a_path_is_refused(identity: str) -> None:
    with pytest.raises(ValueError, match="sandbox id"):
        SandboxSpec(id=identity, directory=Path("/d"), root=ImageRoot(name="x"))


@pytest.mark.parametrize("target", ["/", "//", "/proc", "/proc/sys", "/dev/shm", "/sys/", "/./"])
def test_a_volume_does_not_cover_what_the_sandbox_stands_on(target: str) -> None:
    with pytest.raises(ValueError, match="reserved"):
        VolumeMount(source=Path("/srv"), target=target)


@pytest.mark.parametrize("target", ["", "data", "/a/../b", "/a\0"])
def test_a_volume_target_is_a_plain_absolute_path(target: str) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        VolumeMount(source=Path("/srv"), target=target)


@pytest.mark.parametrize(
    "wrong", [{"cpu": 0.0}, {"cpu": -1.0}, {"memory": 1000}, {"disk": 1}, {"processes": 1}]
)
def test_a_limit_no_sandbox_could_start_under_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="limit"):
        Limits(**wrong)  # type: ignore[arg-type]


def test_what_is_remembered_survives_json() -> None:
    started = Started(
        id="a",
        directory="/d",
        isolation="bubblewrap",
        pid=2,
        outer_pid=1,
        start_time=3,
        boot_id="b",
        execd_port=4,
        control_path="/d/control.sock",
        cgroups=("/sys/fs/cgroup/x",),
        extensions={"isolation": "bubblewrap"},
    )
    assert Started.from_dict(json.loads(json.dumps(started.to_dict()))) == started


def test_something_else_is_not_mistaken_for_it() -> None:
    with pytest.raises(TypeError):
        Started.from_dict({"id": "a", "unknown": 1})
