"""What all public values have in common."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from opensandbox.exceptions import InvalidArgumentException
from opensandbox.models import execd, execd_sync, filesystem, sandboxes, vault
from opensandbox.models._model import Model
from opensandbox.models.execd import Execution, ExecutionHandlers, OutputMessage, RunCommandOpts
from opensandbox.models.filesystem import EntryInfo, MoveEntry, WriteEntry
from opensandbox.models.sandboxes import (
    OSSFS,
    Host,
    NetworkPolicy,
    NetworkRule,
    PagedSandboxInfos,
    PaginationInfo,
    SandboxEndpoint,
    SandboxFilter,
    SandboxImageAuth,
    SandboxImageSpec,
    SandboxInfo,
    SandboxStatus,
    Volume,
)

EVERY = [
    value
    for module in (execd, execd_sync, filesystem, sandboxes, vault)
    for value in vars(module).values()
    if inspect.isclass(value) and issubclass(value, Model) and value is not Model
]
INFO = SandboxInfo(
    id="s-1",
    status=SandboxStatus(state="Running"),
    entrypoint=["tail"],
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    image=SandboxImageSpec("python:3.11"),
)


@pytest.mark.parametrize("kind", EVERY)
def test_every_one_is_frozen_and_described(kind: type[Model]) -> None:
    assert kind.__doc__
    assert kind.__dictoffset__ == 0
    signature = inspect.signature(kind)
    assert set(signature.parameters) == {a.name for a in attrs.fields(kind) if a.init}
    with pytest.raises(InvalidArgumentException, match="has no field"):
        kind(no_such_keyword=1)


def test_nothing_can_be_assigned() -> None:
    with pytest.raises(AttributeError):
        INFO.id = "s-2"  # type: ignore[misc]


def test_values_are_compared_by_what_they_hold() -> None:
    rule = NetworkRule(action="allow", target="pypi.org")
    assert rule == NetworkRule(action="allow", target="pypi.org")
    assert rule != NetworkRule(action="deny", target="pypi.org")
    assert rule != SandboxStatus(state="allow")
    assert rule != "allow"
    assert len({rule, NetworkRule(action="allow", target="pypi.org")}) == 1
    assert len({rule, NetworkRule(action="deny", target="pypi.org")}) == 2
    logs, exact = execd.ExecutionLogs(), execd.ExecutionLogs()
    exact._know_line_endings(True)
    assert logs == exact, "what is known beside the fields is no part of the value"


def test_values_show_what_they_hold() -> None:
    assert repr(NetworkPolicy(egress=[NetworkRule(action="allow", target="pypi.org")])) == (
        "NetworkPolicy(default_action='deny',"
        " egress=[NetworkRule(action='allow', target='pypi.org')])"
    )
    assert repr(execd.CommandLogs(content="a", cursor=1)) == "CommandLogs(content='a', cursor=1)"


def test_both_names_of_a_field_are_taken() -> None:
    wire: dict[str, Any] = {"defaultAction": "allow"}
    assert NetworkPolicy(**wire) == NetworkPolicy(default_action="allow")
    assert NetworkPolicy.model_validate(wire) == NetworkPolicy(default_action="allow")
    assert MoveEntry(**{"source": "/a", "destination": "/b"}) == MoveEntry(src="/a", dest="/b")
    assert EntryInfo.from_dict({**_entry(), "type": "file"}).entry_type == "file"


def _entry() -> dict[str, Any]:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return {
        **{"path": "/a", "mode": 644, "owner": "root", "group": "root", "size": 1},
        **{"modified_at": now, "created_at": now},
    }


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: _any(MoveEntry)(scr="/a", dest="/b"), "no field 'scr'; did you mean 'src'?"),
        (lambda: _any(MoveEntry)(dest="/b"), "MoveEntry.src is required"),
        (
            lambda: _any(MoveEntry)(src="/a", source="/a", dest="/b"),
            "MoveEntry.src was given twice",
        ),
        (lambda: _any(MoveEntry)("/a", "/b"), "MoveEntry takes keyword arguments"),
        (lambda: _any(SandboxFilter)(states="Running"), "SandboxFilter.states must be a list"),
        (
            lambda: _any(SandboxFilter)(states=[1]),
            "SandboxFilter.states[0] must be a string, got 1",
        ),
        (lambda: _any(SandboxFilter)(page=True), "SandboxFilter.page must be a whole number"),
        (lambda: _any(SandboxFilter)(page=1.0), "SandboxFilter.page must be a whole number"),
        (lambda: _any(SandboxFilter)(metadata={1: "a"}), "strings for keys"),
        (lambda: _any(NetworkPolicy)(default_action="maybe"), "'allow' or 'deny'"),
        (
            lambda: _any(NetworkPolicy)(egress=[{"action": "allow"}]),
            "NetworkRule.target is required",
        ),
        (lambda: _any(NetworkPolicy)(egress=["pypi.org"]), "egress[0] must be NetworkRule"),
        (lambda: _any(WriteEntry)(path=b"/a"), "WriteEntry.path must be a string"),
        (lambda: _any(ExecutionHandlers)(on_stdout="print"), "on_stdout must be a function"),
        (lambda: _any(OutputMessage)(txt="a"), "no field 'txt'; did you mean 'text'?"),
        (lambda: _any(OutputMessage)(), "OutputMessage.text is required"),
        (lambda: SandboxStatus.from_dict({"state": 5}), "SandboxStatus.state must be a string"),
        (lambda: SandboxStatus.from_dict([]), "SandboxStatus is made from a mapping, got list"),  # type: ignore[arg-type]
        (lambda: SandboxInfo.from_dict({**INFO.to_dict(), "created_at": "soon"}), "must be a time"),
        (lambda: SandboxInfo.model_validate_json("{nope"), "what is not JSON"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_field_and_what_was_given(
    build: Callable[[], Model], told: str
) -> None:
    with pytest.raises(InvalidArgumentException) as caught:
        build()
    assert told in str(caught.value)


def _any(kind: Any) -> Any:
    """Past the type checkers, which refuse these as well."""
    return kind


def test_mappings_become_the_models_they_stand_for() -> None:
    policy = NetworkPolicy.from_dict({"egress": [{"action": "allow", "target": "pypi.org"}]})
    assert policy.egress == [NetworkRule(action="allow", target="pypi.org")]
    volume = _any(Volume)(name="a", mountPath="/a", host={"path": "/srv"})
    assert volume.host == Host(path="/srv")


def test_lists_and_mappings_are_copied() -> None:
    states = ["Running"]
    chosen = SandboxFilter(states=states)
    states.append("Failed")
    assert chosen.states == ["Running"]


def test_there_and_back() -> None:
    assert INFO.to_dict()["status"] == {
        "state": "Running",
        "reason": None,
        "message": None,
        "last_transition_at": None,
    }
    assert SandboxInfo.from_dict(INFO.to_dict()) == INFO
    assert SandboxInfo.model_validate(INFO.to_dict(by_alias=True)) == INFO
    assert SandboxInfo.model_validate_json(INFO.model_dump_json()) == INFO
    assert SandboxInfo.model_validate_json(INFO.model_dump_json(by_alias=True)) == INFO
    assert SandboxInfo.model_validate(INFO) is INFO
    assert pickle.loads(pickle.dumps(INFO)) == INFO


def test_dumping() -> None:
    dumped = INFO.model_dump(by_alias=True, exclude_none=True, mode="json")
    assert dumped == {
        "id": "s-1",
        "status": {"state": "Running"},
        "entrypoint": ["tail"],
        "created_at": "2026-01-02T00:00:00Z",
        "image": {"image": "python:3.11"},
    }
    assert INFO.model_dump()["created_at"] == INFO.created_at
    assert Volume(name="d", mount_path="/m", host=Host(path="/h")).model_dump(
        by_alias=True, exclude_defaults=True
    ) == {"name": "d", "mountPath": "/m", "host": {"path": "/h"}}


def test_a_choice_is_dumped() -> None:
    assert INFO.model_dump(include={"id", "metadata"}) == {"id": "s-1", "metadata": None}
    assert list(INFO.model_dump(exclude={"status", "entrypoint"}, exclude_unset=True)) == [
        *("id", "created_at", "image")
    ]
    assert INFO.model_dump_json(include=["id"]) == '{"id":"s-1"}'


def test_none_stays_in_a_mapping() -> None:
    unset: Any = None
    odd = INFO.model_copy(update={"metadata": {"a": unset}})
    assert odd.model_dump(exclude_none=True)["metadata"] == {"a": None}


def test_copying() -> None:
    copied = INFO.model_copy(update={"id": "s-2"})
    assert (copied.id, copied.status) == ("s-2", INFO.status)
    deep = INFO.model_copy(deep=True)
    assert deep == INFO
    assert deep.status is not INFO.status
    with pytest.raises(InvalidArgumentException, match="no field 'ids'"):
        INFO.model_copy(update={"ids": 1})


def test_a_time_without_a_zone_is_utc() -> None:
    naive = {**INFO.to_dict(), "created_at": "2026-01-02T00:00:00"}
    assert SandboxInfo.from_dict(naive) == INFO


@pytest.mark.parametrize(
    "value",
    [
        SandboxImageAuth(username="u", password="hunter2"),
        SandboxImageSpec("a", auth=SandboxImageAuth(username="u", password="hunter2")),
        SandboxEndpoint(endpoint="h", headers={"X-EXECD-ACCESS-TOKEN": "hunter2"}),
        RunCommandOpts(envs={"TOKEN": "hunter2"}),
        WriteEntry(path="/a", data="hunter2"),
        OSSFS(bucket="b", endpoint="e", access_key_id="i", access_key_secret="hunter2"),
    ],
)
def test_secrets_do_not_show(value: Model) -> None:
    assert "hunter2" not in repr(value) + str(value)


def test_secrets_do_not_show_in_what_is_refused() -> None:
    with pytest.raises(InvalidArgumentException) as caught:
        _any(SandboxImageAuth)(username="u", password=["hunter2"])
    assert "hunter2" not in str(caught.value)
    with pytest.raises(InvalidArgumentException) as caught:
        _any(RunCommandOpts)(envs="hunter2")
    assert "hunter2" not in str(caught.value)


def test_what_the_server_says_passes_through() -> None:
    odd: Any = 5
    assert SandboxStatus(state=odd).state is odd


def test_pages_are_lists_too() -> None:
    pagination = PaginationInfo(
        page=1, page_size=1, total_items=1, total_pages=1, has_next_page=False
    )
    page = PagedSandboxInfos(sandbox_infos=[INFO], pagination=pagination)
    assert page.items == list(page) == [INFO]
    assert len(page) == 1


def test_two_executions_do_not_share_their_lists() -> None:
    Execution().logs.add_stdout(OutputMessage(text="a"))
    assert Execution().logs.stdout == []
